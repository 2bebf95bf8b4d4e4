//go:build libpcap && !windows

package live

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcap"

	"kerbscope/capture"
	"kerbscope/capture/live/filter"
)

// SourceName is what this build captures with, in words.
const SourceName = "libpcap"

// pcapReader reads an interface with libpcap.
type pcapReader struct {
	h      *pcap.Handle
	l      capture.LinkType
	name   string
	index  int       // the system's number of the interface; 0: not known
	looked time.Time // when it was last looked whether that is so still
}

func openSource(o *Options) (source, error) { return openFan(o, openPcap) }

func openPcap(o *Options, name string) (reader, error) {
	in, err := pcap.NewInactiveHandle(name)
	if err != nil {
		return nil, pcapError(name, err)
	}
	defer in.CleanUp()
	for _, err := range []error{
		in.SetSnapLen(o.SnapLen), in.SetPromisc(o.Promiscuous && name != Any), in.SetTimeout(readWait), in.SetBufferSize(o.Buffer),
	} {
		if err != nil {
			return nil, pcapError(name, err)
		}
	}
	h, err := in.Activate()
	if err != nil {
		return nil, pcapError(name, err)
	}
	r := &pcapReader{h: h, l: linkOfPcap(h.LinkType()), name: name, index: indexOf(name), looked: time.Now()}
	if err := r.filter(o); err != nil {
		h.Close()
		return nil, err
	}
	return r, nil
}

// linkOfPcap: pcap_datalink gives DLT_ numbers, of which raw IP's differs from
// the LINKTYPE_ (12, on OpenBSD 14).
func linkOfPcap(l layers.LinkType) capture.LinkType {
	if l == 12 || l == 14 {
		return capture.LinkRaw
	}
	return capture.LinkType(l)
}

func (r *pcapReader) link() capture.LinkType { return r.l }

// filter gives libpcap the text; a program of ours as it is.
func (r *pcapReader) filter(o *Options) error {
	if o.Filter != "" {
		if err := r.h.SetBPFFilter(o.Filter); err != nil {
			return &filter.Error{Text: o.Filter, At: -1, What: err.Error()}
		}
		return nil
	}
	raw, err := o.instructions(filter.Link{Type: r.l})
	if err != nil || len(raw) == 0 {
		return err
	}
	list := make([]pcap.BPFInstruction, len(raw))
	for i, n := range raw {
		list[i] = pcap.BPFInstruction{Code: n.Op, Jt: n.Jt, Jf: n.Jf, K: n.K}
	}
	return r.h.SetBPFInstructionFilter(list)
}

func (r *pcapReader) read(put func(at int64, data []byte, wire int)) error {
	for room := chunkSize; room > 0; {
		data, ci, err := r.h.ZeroCopyReadPacketData()
		if errors.Is(err, pcap.NextErrorTimeoutExpired) {
			return r.stillThere()
		}
		if err != nil {
			return err
		}
		put(ci.Timestamp.UnixNano(), data, ci.Length)
		room -= len(data)
	}
	return nil
}

// stillThere is an error when the interface was removed, of which libpcap may
// say nothing.
func (r *pcapReader) stillThere() error {
	if now := time.Now(); r.index != 0 && now.Sub(r.looked) > time.Second {
		r.looked = now
		if indexOf(r.name) != r.index {
			return net.ErrClosed
		}
	}
	return nil
}

func indexOf(name string) int {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return 0
	}
	return i.Index
}

func (r *pcapReader) counts() (kernel, card uint64) {
	s, err := r.h.Stats()
	if err != nil {
		return 0, 0
	}
	return uint64(uint32(s.PacketsDropped)), uint64(uint32(s.PacketsIfDropped))
}

func (r *pcapReader) close() { r.h.Close() }

// pcapError tells the libraries' errors apart by their words: gopacket does
// not export the numbers.
func pcapError(name string, err error) error {
	text := strings.ToLower(err.Error())
	switch {
	case strings.Contains(text, "permission"), strings.Contains(text, "denied"), strings.Contains(text, "not permitted"):
		return &PermissionError{Interface: name, Err: err, Hint: permissionHint()}
	case strings.Contains(text, "no such device"), strings.Contains(text, "doesn't exist"), strings.Contains(text, "not found"):
		return unknownInterface(name)
	}
	return &InterfaceError{Interface: name, What: "cannot capture on it", Err: err}
}

func listInterfaces() ([]Interface, error) {
	all, err := pcap.FindAllDevs()
	if err != nil {
		return nil, pcapError("", err)
	}
	var list []Interface
	for _, d := range all {
		// Flags of pcap_findalldevs(3): loopback 1, up 2.
		i := Interface{Name: d.Name, Description: d.Description, Loopback: d.Flags&1 != 0, Up: d.Flags&2 != 0}
		for _, a := range d.Addresses {
			if ip, ok := netip.AddrFromSlice(a.IP); ok {
				i.Addresses = append(i.Addresses, ip.Unmap())
			}
		}
		list = append(list, i)
	}
	return list, nil
}

// checkFilter: libpcap's compiler is what Open asks; Ethernet stands for the
// interface.
func checkFilter(text string) error {
	if _, err := pcap.CompileBPFFilter(layers.LinkTypeEthernet, DefaultSnapLen, text); err != nil {
		return &filter.Error{Text: text, At: -1, What: err.Error()}
	}
	return nil
}

func permissionHint() string {
	return "run it as root; on Linux: sudo setcap cap_net_raw,cap_net_admin+ep " + ownPath() + "; on macOS and BSD: the right to read /dev/bpf* (macOS: ChmodBPF of Wireshark)"
}
