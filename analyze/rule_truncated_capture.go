package analyze

import (
	"fmt"
)

// truncatedCapture: what the snap length cost.
var truncatedCapture = &Rule{
	ID:    "truncated-capture",
	Title: "Packets with Kerberos were cut by the capture",
	Doc: `The capture kept only the first bytes of each packet (snap length), and packets that belong to Kerberos are among those cut. Names and etypes at the start of messages may be readable, tickets,
their hashes and what follows are not. pktmon cuts at 128 bytes unless told otherwise, netsh trace at nothing, old tcpdump at 68 or 96.`,
	Rivals: []string{
		`Packets larger than the MTU (segmentation offload) are not cut, only large: the record's own lengths tell, and only those with fewer bytes kept than sent are counted.`,
		`The file itself was cut off: that is a read error at the end and told with the capture.`,
		`A privacy filter cut payloads on purpose: the same bytes are missing, and the same rules are blind.`,
	},
	Fix: []string{
		`Record again with whole packets: pktmon start --capture --pkt-size 0; netsh trace start capture=yes; dumpcap -s 0; tcpdump -s 0`,
		`kerbscope explain capturing tells how to record`,
	},
	Refs:     []string{"pcap-savefile(5) (captured and original length)"},
	Since:    "0.1.0",
	Severity: Note,
	Check:    checkTruncatedCapture,
}

func checkTruncatedCapture(c *Case) []Finding {
	var f Finding
	var names []string
	for _, k := range c.Captures() {
		if k.Stats.CutPayloads == 0 || k.FirstCut.Frame == 0 {
			continue
		}
		if names == nil {
			f.first, f.last = k.FirstCut.Time, k.Last
		}
		f.first, f.last = min(f.first, k.FirstCut.Time), max(f.last, k.Last)
		names = append(names, k.Name)
		f.Count += k.Stats.CutPayloads
		c.citeFact(&f, k.FirstCut, "anomalies", "cut by snaplen")
	}
	if names == nil {
		return nil
	}
	f.Severity, f.Confidence = Note, Certain
	f.Summary = fmt.Sprintf("%s of Kerberos connections were cut short when they were captured: %s.", plural(f.Count, "packet"), join(names, 4))
	f.Cause = "The capture's snap length was smaller than the packets. What is behind the cut cannot be judged, and rules that need it are silent."
	return []Finding{f}
}
