//go:build amd64 || arm64

package live

import (
	"errors"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"

	"kerbscope/capture"
	"kerbscope/capture/live/filter"
)

// SourceName is what this build captures with, in words.
const SourceName = "Npcap, when it is installed"

// npcapReader reads an interface with Npcap.
type npcapReader struct {
	w      *wpcap
	mu     sync.Mutex // held to close, and to ask for counts
	handle uintptr    // 0: closed
	l      capture.LinkType
	fracNS int64
}

func openSource(o *Options) (source, error) { return openFan(o, openNpcap) }

func openNpcap(o *Options, name string) (reader, error) {
	w, err := loadWpcap()
	if err != nil {
		return nil, err
	}
	device, err := windows.BytePtrFromString(deviceName(name))
	if err != nil {
		return nil, unknownInterface(name)
	}
	var why [pcapErrorBuffer]byte
	handle, _, _ := syscall.SyscallN(w.create, uintptr(unsafe.Pointer(device)), uintptr(unsafe.Pointer(&why[0])))
	if handle == 0 {
		return nil, &InterfaceError{Interface: name, What: windows.ByteSliceToString(why[:])}
	}
	r := &npcapReader{w: w, handle: handle, fracNS: 1000}
	promisc := uintptr(0)
	if o.Promiscuous {
		promisc = 1
	}
	call(w.setSnaplen, handle, uintptr(o.SnapLen))
	call(w.setPromisc, handle, promisc)
	call(w.setTimeout, handle, uintptr(readWait.Milliseconds()))
	call(w.setBufferSize, handle, uintptr(o.Buffer))
	if w.setPrecision != 0 {
		call(w.setPrecision, handle, 1) // nanoseconds, where there are any
	}
	if status := call(w.activate, handle); status < 0 {
		err := errors.New(strings.TrimSpace(w.statusText(status) + " " + w.lastError(handle)))
		r.close()
		switch status {
		case pcapDenied, pcapPromiscDeny:
			return nil, &PermissionError{Interface: name, Err: err, Hint: "run it from an elevated prompt, or install Npcap without the option that restricts it to administrators"}
		case pcapNoSuchDevice:
			return nil, unknownInterface(name)
		case pcapNotUp:
			return nil, &InterfaceError{Interface: name, What: "the interface is down", Err: err}
		}
		return nil, &InterfaceError{Interface: name, What: "cannot capture on it", Err: err}
	}
	if w.getPrecision != 0 && call(w.getPrecision, handle) == 1 {
		r.fracNS = 1
	}
	if r.l = capture.LinkType(call(w.datalink, handle)); r.l == 12 { // DLT_RAW
		r.l = capture.LinkRaw
	}
	if err := r.filter(o); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *npcapReader) link() capture.LinkType { return r.l }

// filter has Npcap compile a text; a program of ours is set as it is.
func (r *npcapReader) filter(o *Options) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.handle == 0 {
		return nil
	}
	var p bpfProgram
	if o.Filter != "" {
		src, err := windows.BytePtrFromString(o.Filter)
		if err != nil {
			return &filter.Error{Text: o.Filter, At: -1, What: err.Error()}
		}
		const noNetmask = 0xffffffff
		if call(r.w.compile, r.handle, uintptr(unsafe.Pointer(&p)), uintptr(unsafe.Pointer(src)), 1, noNetmask) < 0 {
			return &filter.Error{Text: o.Filter, At: -1, What: r.w.lastError(r.handle)}
		}
		defer call(r.w.freecode, uintptr(unsafe.Pointer(&p)))
	} else {
		raw, err := o.instructions(filter.Link{Type: r.l})
		if err != nil || len(raw) == 0 {
			return err
		}
		list := make([]bpfCode, len(raw))
		for i, n := range raw {
			list[i] = bpfCode{n.Op, n.Jt, n.Jf, n.K}
		}
		p = bpfProgram{uint32(len(list)), &list[0]}
	}
	if call(r.w.setfilter, r.handle, uintptr(unsafe.Pointer(&p))) < 0 {
		return &InterfaceError{What: "the filter is refused", Err: errors.New(r.w.lastError(r.handle))}
	}
	return nil
}

func (r *npcapReader) read(put func(at int64, data []byte, wire int)) error {
	for room := chunkSize; room > 0; {
		var h *pcapHeader
		var data *byte
		switch status := call(r.w.nextEx, r.handle, uintptr(unsafe.Pointer(&h)), uintptr(unsafe.Pointer(&data))); {
		case status == 0:
			return nil
		case status < 0:
			return errors.New(r.w.lastError(r.handle))
		}
		put(int64(h.sec)*1e9+int64(h.frac)*r.fracNS, unsafe.Slice(data, h.caplen), int(h.len))
		room -= int(h.caplen)
	}
	return nil
}

func (r *npcapReader) counts() (kernel, card uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var s [16]uint32 // received, dropped, dropped by the interface, and what later versions add
	if r.handle == 0 || call(r.w.stats, r.handle, uintptr(unsafe.Pointer(&s[0]))) < 0 {
		return 0, 0
	}
	return uint64(s[1]), uint64(s[2])
}

func (r *npcapReader) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.handle != 0 {
		call(r.w.close, r.handle)
		r.handle = 0
	}
}

func listInterfaces() ([]Interface, error) {
	w, err := loadWpcap()
	if err != nil {
		return nil, err
	}
	var first *pcapIf
	var why [pcapErrorBuffer]byte
	if call(w.findalldevs, uintptr(unsafe.Pointer(&first)), uintptr(unsafe.Pointer(&why[0]))) < 0 {
		return nil, &InterfaceError{What: "the interfaces cannot be listed", Err: errors.New(windows.ByteSliceToString(why[:]))}
	}
	defer call(w.freealldevs, uintptr(unsafe.Pointer(first)))
	var list []Interface
	for d := first; d != nil; d = d.next {
		i := Interface{Name: windows.BytePtrToString(d.name), Loopback: d.flags&1 != 0, Up: d.flags&2 != 0}
		if d.description != nil {
			i.Description = windows.BytePtrToString(d.description)
		}
		for a := d.addresses; a != nil; a = a.next {
			if a.addr == nil {
				continue
			}
			switch a.addr.Addr.Family {
			case windows.AF_INET:
				i.Addresses = append(i.Addresses, netip.AddrFrom4((*syscall.RawSockaddrInet4)(unsafe.Pointer(a.addr)).Addr))
			case windows.AF_INET6:
				i.Addresses = append(i.Addresses, netip.AddrFrom16((*syscall.RawSockaddrInet6)(unsafe.Pointer(a.addr)).Addr))
			}
		}
		list = append(list, i)
	}
	return list, nil
}

// deviceName takes an interface's description for its name, which is a GUID
// that nobody types, if it is the only one of that description.
func deviceName(name string) string {
	found := ""
	all, _ := listInterfaces() // an error comes again when the device is opened
	for _, d := range all {
		if d.Name == name {
			return name
		}
		if strings.EqualFold(d.Description, name) {
			if found != "" {
				return name
			}
			found = d.Name
		}
	}
	if found == "" {
		return name
	}
	return found
}

// checkFilter leaves it to Open, where Npcap compiles the text.
func checkFilter(string) error { return nil }
