package etl

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// providers counts the events of each provider.
type providers struct {
	last   guid // of the events counted in run
	run    uint64
	counts map[guid]uint64
}

const maxProviders = 1024

func (p *providers) add(g guid) {
	if g == p.last {
		p.run++
		return
	}
	p.settle()
	p.last, p.run = g, 1
}

func (p *providers) settle() {
	if p.counts == nil {
		p.counts = map[guid]uint64{}
	}
	if _, ok := p.counts[p.last]; p.run > 0 && (ok || len(p.counts) < maxProviders) {
		p.counts[p.last] += p.run
	}
	p.run = 0
}

func (r *Reader) fault(off int64, fatal bool, what string, args ...any) {
	r.Faulted++
	if len(r.Faults) < maxFaults {
		r.Faults = append(r.Faults, Fault{off, r.packets, fmt.Sprintf(what, args...), fatal})
	}
}

// How to record packets, with what Windows brings along.
const (
	HowNetsh  = "netsh trace start capture=yes report=disabled maxsize=512 tracefile=FILE.etl"
	HowPktmon = "pktmon start --capture --pkt-size 0 --file-name FILE.etl"
)

// NoPackets says why a trace that was read to its end gave no packet. network
// tells whether it was made to record packets, or may have held some.
func (r *Reader) NoPackets() (why *FormatError, network bool) {
	r.seen.settle()
	why = r.noPackets()
	return why, r.Faulted > 0 || r.seen.counts[ndisCapture] > 0 || r.seen.counts[pktmon] > 0
}

func (r *Reader) noPackets() *FormatError {
	if r.Counts.Dropped > 0 && r.Counts.Dropped == r.Counts.Events {
		return &FormatError{
			What: fmt.Sprintf("a Windows event trace that holds only packets that Windows dropped (%d of them)", r.Counts.Dropped),
			Hint: "record all packets: " + HowPktmon,
		}
	}
	if r.Counts.Events > 0 {
		return &FormatError{
			What: fmt.Sprintf("a Windows event trace none of whose %d packet events can be read", r.Counts.Events),
			Hint: "record again: " + HowPktmon + ", or " + HowNetsh,
		}
	}
	type row struct {
		name string
		n    uint64
	}
	var rows []row
	for g, n := range r.seen.counts {
		if g == (guid{}) {
			n -= min(n, 1) // the header
		}
		if n == 0 {
			continue
		}
		rows = append(rows, row{g.String(), n})
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Or(cmp.Compare(b.n, a.n), strings.Compare(a.name, b.name)) })
	e := &FormatError{What: "a Windows event trace without packets", Hint: "record with packets: " + HowNetsh}
	if len(rows) == 0 {
		e.What += fmt.Sprintf(", and without any other event, from its header to its end at byte %d", r.size)
	} else {
		const shown = 4
		var list []string
		for _, r := range rows[:min(len(rows), shown)] {
			list = append(list, fmt.Sprintf("%s (%d)", r.name, r.n))
		}
		e.What += "; its events are those of " + strings.Join(list, ", ")
		if more := len(rows) - shown; more > 0 {
			e.What += fmt.Sprintf(" and %d more", more)
		}
	}
	if r.Faulted > 0 {
		e.What += "; it is damaged: " + r.Faults[0].What
	}
	switch {
	case r.seen.counts[ndisCapture] > 0:
		e.Hint = "packets were to be captured, and none passed: check the filter, and record while it fails: " + HowNetsh
	case r.seen.counts[pktmon] > 0:
		e.Hint = "pktmon only counted: record the packets too: " + HowPktmon
	}
	return e
}

func (g guid) String() string {
	le := binary.LittleEndian
	s := fmt.Sprintf("{%08X-%04X-%04X-%X-%X}", le.Uint32(g[:]), le.Uint16(g[4:]), le.Uint16(g[6:]), g[8:10], g[10:])
	if name := providerNames[s]; name != "" {
		return name
	}
	return s
}

// providerNames are the providers that network traces hold most often.
var providerNames = map[string]string{
	"{00000000-0000-0000-0000-000000000000}": "the Windows kernel",
	"{2ED6006E-4729-4609-B423-3EE7BCD678EF}": "Microsoft-Windows-NDIS-PacketCapture",
	"{4D4F80D9-C8BD-4D73-BB5B-19C90402C5AC}": "Microsoft-Windows-PktMon",
	"{2F07E2EE-15DB-40F1-90EF-9D7BA282188A}": "Microsoft-Windows-TCPIP",
	"{E53C6823-7BB8-44BB-90DC-3F86090D48A6}": "Microsoft-Windows-Winsock-AFD",
	"{1C95126E-7EEA-49A9-A3FE-A378B03DDB4D}": "Microsoft-Windows-DNS-Client",
	"{98E6CFCB-EE0A-41E0-A57B-622D4E1B30B1}": "Microsoft-Windows-Security-Kerberos",
	"{22FB2CD6-0E7B-422B-A0C7-2FAD1FD0E716}": "Microsoft-Windows-Kernel-Process",
	"{43D1A55C-76D6-4F7E-995C-64C711E5CAFE}": "Microsoft-Windows-WinINet",
	"{C22D1B14-C242-49DE-9F17-1D76B8B9C458}": "Microsoft-Pef-WFP-MessageProvider",
}
