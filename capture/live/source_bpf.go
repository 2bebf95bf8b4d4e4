//go:build !libpcap && (darwin || freebsd || netbsd || openbsd)

package live

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/net/bpf"

	"kerbscope/capture"
	"kerbscope/capture/live/filter"
)

// SourceName is what this build captures with, in words.
const SourceName = "/dev/bpf"

// bpfReader reads an interface from a device /dev/bpfN, see bpf(4) of the BSDs.
type bpfReader struct {
	mu   sync.Mutex // held to close, and to ask for counts
	fd   int
	l    capture.LinkType
	buf  []byte
	past uint64 // drops before the counters started again
}

func openSource(o *Options) (source, error) { return openFan(o, openBPF) }

func listInterfaces() ([]Interface, error) { return netInterfaces() }

func openBPF(o *Options, name string) (r reader, err error) {
	if name == Any {
		return nil, &InterfaceError{Interface: name, What: "this system has no such interface", Hint: "name the interfaces one by one: -i en0 -i lo0"}
	}
	fd, err := bpfDevice(name)
	if err != nil {
		return nil, err
	}
	b := &bpfReader{fd: fd}
	defer func() {
		if err != nil {
			syscall.Close(fd)
		}
	}()
	size := 0
	for want := min(o.Buffer, 4<<20); want >= 4096; want /= 2 { // the system has a limit of its own
		if size, err = syscall.SetBpfBuflen(fd, want); err == nil {
			break
		}
	}
	if err != nil {
		return nil, &InterfaceError{Interface: name, What: "no capture buffer", Err: err}
	}
	b.buf = make([]byte, size)
	// Until its link type is known no filter can be made for it: nothing is
	// let in so long.
	if err = b.set([]bpf.RawInstruction{{Op: 0x06}}); err != nil {
		return nil, &InterfaceError{Interface: name, What: "the kernel refuses a filter", Err: err}
	}
	if err = syscall.SetBpfInterface(fd, name); err != nil {
		if errors.Is(err, syscall.ENXIO) {
			return nil, unknownInterface(name)
		}
		return nil, &InterfaceError{Interface: name, What: "cannot capture on it", Err: err}
	}
	dlt, err := syscall.BpfDatalink(fd)
	if err != nil {
		return nil, &InterfaceError{Interface: name, What: "its link type is not told", Err: err}
	}
	b.l = linkOfDLT(dlt)
	wait := syscall.NsecToTimeval(int64(readWait))
	if err = syscall.SetBpfTimeout(fd, &wait); err != nil {
		return nil, &InterfaceError{Interface: name, What: "no timeout", Err: err}
	}
	if o.Promiscuous {
		syscall.SetBpfPromisc(fd, 1) // an interface that has no such mode is captured on without
	}
	if err = b.filter(o); err != nil {
		return nil, err
	}
	return b, nil
}

// bpfDevice opens the first device that nobody uses.
func bpfDevice(name string) (int, error) {
	fd, err := syscall.Open("/dev/bpf", syscall.O_RDWR, 0) // FreeBSD and NetBSD give a new one each time
	for n := 0; err != nil && n < 256 && !errors.Is(err, fs.ErrPermission); n++ {
		fd, err = syscall.Open(fmt.Sprintf("/dev/bpf%d", n), syscall.O_RDWR, 0)
		if errors.Is(err, fs.ErrNotExist) && n > 0 {
			break
		}
	}
	switch {
	case err == nil:
		syscall.CloseOnExec(fd)
		return fd, nil
	case errors.Is(err, fs.ErrPermission):
		return -1, &PermissionError{Interface: name, Err: err, Hint: "run it as root, or get the right to read /dev/bpf* (macOS: ChmodBPF of Wireshark)"}
	case errors.Is(err, syscall.EBUSY):
		return -1, &InterfaceError{Interface: name, What: "all of /dev/bpf* are in use", Err: err}
	}
	return -1, &NoSourceError{What: "no /dev/bpf device", Err: err, Hint: "the kernel must have the bpf device"}
}

func linkOfDLT(dlt int) capture.LinkType {
	switch {
	case dlt == 12 && runtime.GOOS == "openbsd":
		return capture.LinkLoop
	case dlt == 12, dlt == 14:
		return capture.LinkRaw
	}
	return capture.LinkType(dlt)
}

func (b *bpfReader) link() capture.LinkType { return b.l }

func (b *bpfReader) filter(o *Options) error {
	raw, err := o.instructions(filter.Link{Type: b.l})
	if err != nil {
		return err
	}
	if len(raw) == 0 {
		raw = []bpf.RawInstruction{{Op: 0x06, K: uint32(o.SnapLen)}}
	}
	return b.set(raw)
}

func (b *bpfReader) set(raw []bpf.RawInstruction) error {
	list := make([]syscall.BpfInsn, len(raw))
	for i, n := range raw {
		list[i] = syscall.BpfInsn{Code: n.Op, Jt: n.Jt, Jf: n.Jf, K: n.K}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fd < 0 {
		return nil
	}
	b.tally() // setting a filter starts the counters again
	return syscall.SetBpf(b.fd, list)
}

func (b *bpfReader) read(put func(at int64, data []byte, wire int)) error {
	n, err := syscall.Read(b.fd, b.buf)
	if err == syscall.EINTR || err == syscall.EAGAIN || err == syscall.EWOULDBLOCK {
		return nil
	}
	if err != nil {
		return err
	}
	for at := 0; at+int(unsafe.Sizeof(syscall.BpfHdr{})) <= n; {
		h := (*syscall.BpfHdr)(unsafe.Pointer(&b.buf[at]))
		from := at + int(h.Hdrlen)
		to := from + int(h.Caplen)
		if to > n || h.Hdrlen == 0 {
			break
		}
		put(int64(h.Tstamp.Sec)*1e9+int64(h.Tstamp.Usec)*1e3, b.buf[from:to], int(h.Datalen))
		at += align(to - at)
	}
	return nil
}

// align is BPF_WORDALIGN: to the word of the kernel; macOS keeps that of 32 bits.
func align(n int) int {
	word := int(unsafe.Sizeof(uintptr(0)))
	if runtime.GOOS == "darwin" || runtime.GOOS == "openbsd" {
		word = 4
	}
	return (n + word - 1) &^ (word - 1)
}

// tally adds the counters up before they start again.
func (b *bpfReader) tally() {
	if s, err := syscall.BpfStats(b.fd); err == nil {
		b.past += uint64(s.Drop)
	}
}

func (b *bpfReader) counts() (kernel, card uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	kernel = b.past
	if b.fd >= 0 {
		if s, err := syscall.BpfStats(b.fd); err == nil {
			kernel += uint64(s.Drop)
		}
	}
	return kernel, 0
}

func (b *bpfReader) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	syscall.Close(b.fd)
	b.fd = -1
}
