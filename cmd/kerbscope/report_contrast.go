package main

import (
	"fmt"

	"kerbscope/analyze"
)

// differenceWords say what a difference is about.
var differenceWords = map[string]string{
	"client": "client", "client_address": "client's address", "kdc": "KDC", "server": "service at", "carrier": "protocol", "asked": "asked for",
	"preauth": "logon key", "issuer": "ticket issued by", "ticket": "ticket (hash)", "ticket_etype": "ticket's key", "kvno": "ticket's kvno",
	"session": "session key", "answer": "answer",
}

// contrast sets what failed beside what worked, and prints only what differs.
func (t *textReport) contrast(f *analyze.Finding) {
	c := f.Contrast
	if c == nil || len(c.Differs) == 0 {
		return
	}
	rows := [][]string{{"", "failed [" + t.frame(c.Failed.Capture, c.Failed.Frame) + "]", "worked [" + t.frame(c.Worked.Capture, c.Worked.Frame) + "]"}}
	for _, d := range c.Differs {
		rows = append(rows, []string{differenceWords[d.What], t.differing(d.What, d.Failed), t.differing(d.What, d.Worked)})
	}
	if a, b := t.startOf(c.Failed), t.startOf(c.Worked); a != b {
		if day(a) != day(b) {
			rows = append(rows, []string{"day", day(a), day(b)})
		}
		rows = append(rows, []string{"time (UTC)", clock(a), clock(b)})
	}
	t.heading("WHAT DIFFERS", "between one that failed and one that worked")
	t.table(rows, 1, nil, []int{2, 1})
}

// differing is a value as people read it.
func (t *textReport) differing(what, value string) string {
	switch what {
	case "carrier":
		if w := carrierWords[value]; w != "" {
			return w
		}
	case "kdc", "issuer", "client_address":
		return escape(t.names.host(value))
	case "server":
		var address string
		var port uint16
		if n, _ := fmt.Sscanf(value, "%s port %d", &address, &port); n == 2 {
			return escape(t.names.endpoint(&analyze.Endpoint{Address: address, Port: port}, nil))
		}
	case "client":
		return escape(withoutRealm(value))
	}
	return escape(value)
}

func day(s string) string {
	if t, ok := parseTime(s); ok {
		return t.UTC().Format("2006-01-02")
	}
	return "-"
}

// startOf is when the exchange of a frame began.
func (t *textReport) startOf(p analyze.FramePlace) string {
	if i, ok := t.at[stepKey{p.Capture, p.Frame}]; ok {
		return t.r.Exchanges[i].Started
	}
	return ""
}
