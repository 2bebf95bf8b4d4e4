//go:build amd64 || arm64

package live

import (
	"path/filepath"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// wpcap is Npcap's wpcap.dll, loaded when it is first needed: a program that
// only reads files must not mind whether it is there, or whole.
type wpcap struct {
	findalldevs, freealldevs, create, setSnaplen, setPromisc, setTimeout, setBufferSize, activate,
	compile, freecode, setfilter, nextEx, datalink, stats, geterr, statustostr, close uintptr
	setPrecision, getPrecision uintptr // 0 in old ones
}

var loadWpcap = sync.OnceValues(func() (*wpcap, error) {
	dir, err := windows.GetSystemDirectory()
	if err != nil {
		return nil, err
	}
	// Never from the working directory or the path.
	dll, err := windows.LoadLibraryEx(filepath.Join(dir, "Npcap", "wpcap.dll"), 0, windows.LOAD_WITH_ALTERED_SEARCH_PATH)
	if err != nil {
		dll, err = windows.LoadLibraryEx("wpcap.dll", 0, windows.LOAD_LIBRARY_SEARCH_SYSTEM32)
	}
	if err != nil {
		return nil, &NoSourceError{What: "Npcap is not installed", Err: err, Hint: npcapHint}
	}
	w := &wpcap{}
	for _, p := range []struct {
		name string
		at   *uintptr
	}{
		{"findalldevs", &w.findalldevs}, {"freealldevs", &w.freealldevs}, {"create", &w.create}, {"set_snaplen", &w.setSnaplen},
		{"set_promisc", &w.setPromisc}, {"set_timeout", &w.setTimeout}, {"set_buffer_size", &w.setBufferSize}, {"activate", &w.activate},
		{"compile", &w.compile}, {"freecode", &w.freecode}, {"setfilter", &w.setfilter}, {"next_ex", &w.nextEx}, {"datalink", &w.datalink},
		{"stats", &w.stats}, {"geterr", &w.geterr}, {"statustostr", &w.statustostr}, {"close", &w.close},
	} {
		if *p.at, err = windows.GetProcAddress(dll, "pcap_"+p.name); err != nil {
			return nil, &NoSourceError{What: "wpcap.dll has no pcap_" + p.name + ": it is not Npcap's, or too old", Err: err, Hint: npcapHint}
		}
	}
	w.setPrecision, _ = windows.GetProcAddress(dll, "pcap_set_tstamp_precision")
	w.getPrecision, _ = windows.GetProcAddress(dll, "pcap_get_tstamp_precision")
	return w, nil
})

const npcapHint = "install Npcap from https://npcap.com, or record with pktmon or netsh trace and give kerbscope the .etl"

// What pcap_activate(3) returns: a warning is positive.
const (
	pcapNoSuchDevice = -5
	pcapDenied       = -8
	pcapNotUp        = -9
	pcapPromiscDeny  = -11
)

const pcapErrorBuffer = 256

// Structures of pcap.h as Windows has them: its long has 32 bits.
type (
	pcapIf struct {
		next              *pcapIf
		name, description *byte
		addresses         *pcapAddr
		flags             uint32 // 1 loopback, 2 up
	}
	pcapAddr struct {
		next                          *pcapAddr
		addr, netmask, broadcast, dst *syscall.RawSockaddrAny
	}
	pcapHeader struct{ sec, frac, caplen, len uint32 }
	bpfProgram struct {
		len  uint32
		code *bpfCode
	}
	bpfCode struct {
		code   uint16
		jt, jf uint8
		k      uint32
	}
)

// call returns a function's int. What args point to stays where it is.
//
//go:uintptrescapes
func call(proc uintptr, args ...uintptr) int {
	r, _, _ := syscall.SyscallN(proc, args...)
	return int(int32(r))
}

// text returns a C string.
func text(at uintptr) string {
	if at == 0 {
		return ""
	}
	return windows.BytePtrToString(*(**byte)(unsafe.Pointer(&at)))
}

func (w *wpcap) lastError(handle uintptr) string {
	r, _, _ := syscall.SyscallN(w.geterr, handle)
	return text(r)
}

func (w *wpcap) statusText(status int) string {
	r, _, _ := syscall.SyscallN(w.statustostr, uintptr(status))
	return text(r)
}
