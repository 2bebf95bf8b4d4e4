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

// contrast sets what failed beside what worked, or what one KDC issued beside
// what another did, and prints only what differs.
func (t *textReport) contrast(f *analyze.Finding) {
	switch c, k := f.Contrast, f.Issuers; {
	case c != nil && len(c.Differs) > 0:
		rows := [][]string{{"", "failed [" + t.frame(c.Failed.Capture, c.Failed.Frame) + "]", "worked [" + t.frame(c.Worked.Capture, c.Worked.Frame) + "]"}}
		for _, d := range c.Differs {
			rows = append(rows, []string{differenceWords[d.What], t.differing(d.What, d.Failed), t.differing(d.What, d.Worked)})
		}
		t.heading("WHAT DIFFERS", "between one that failed and one that worked")
		t.table(append(rows, t.times(c.Failed, c.Worked)...), 1, nil, []int{2, 1})
	case k != nil && len(k.Differs) > 0:
		one, other := t.issuerNames(k)
		rows := [][]string{{"", one + " [" + t.frame(k.One.Capture, k.One.Frame) + "]", other + " [" + t.frame(k.Other.Capture, k.Other.Frame) + "]"}}
		for _, d := range k.Differs {
			if d.What != "kdc" {
				rows = append(rows, []string{differenceWords[d.What], t.differing(d.What, d.One), t.differing(d.What, d.Other)})
			}
		}
		t.heading("WHAT DIFFERS", "between two KDCs that issued a ticket for the same service")
		t.table(append(rows, t.times(k.One, k.Other)...), 1, nil, []int{2, 1})
	}
}

// issuerNames are the two KDCs of a contrast.
func (t *textReport) issuerNames(k *analyze.IssuerContrast) (one, other string) {
	for _, d := range k.Differs {
		if d.What == "kdc" {
			return t.differing(d.What, d.One), t.differing(d.What, d.Other)
		}
	}
	return "one KDC", "another KDC"
}

// times are when the exchanges of two frames began, where that differs.
func (t *textReport) times(one, other analyze.FramePlace) (rows [][]string) {
	a, b := t.startOf(one), t.startOf(other)
	if a == b {
		return nil
	}
	if day(a) != day(b) {
		rows = append(rows, []string{"day", day(a), day(b)})
	}
	return append(rows, []string{"time (UTC)", clock(a), clock(b)})
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
