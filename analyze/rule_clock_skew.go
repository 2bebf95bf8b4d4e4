package analyze

import (
	"fmt"
	"net/netip"

	"kerbscope/decode"
)

// clockSkew: 37, and it stayed.
var clockSkew = &Rule{
	ID:    "clock-skew",
	Title: "Clocks differ too much",
	Doc: `KRB_AP_ERR_SKEW (37): the time in the client's authenticator or preauthentication is more than five minutes (the default)
from the clock of the one who answers. The sender of the error writes its own clock into it (stime), often the client's
too (ctime): the summary gives the difference that the frames show, and against the capture's clock which of
the two is off, as far as the other hosts agree.

A 37 proves more: a KDC that says so could decrypt the preauthentication (the password is right), and an acceptor
that says so could decrypt the ticket (key, kvno and SPN are right).`,
	Rivals: []string{
		`The capturing host's own clock is wrong: the difference is taken from stime and ctime of the error, or between hosts; the capture's clock decides nothing alone.`,
		`A time zone or daylight-saving mistake: the difference is then whole hours (the rule mentions it); Kerberos itself uses UTC.`,
		`A virtual machine that was resumed or restored has an old clock for a moment: later exchanges of the same host are right, and the finding becomes clock-skew-recovered.`,
		`A proxy that holds requests back for minutes: would need the same AP-REQ seen much earlier at the client; with captures at both ends the packets tell.`,
	},
	Fix: []string{
		`Measure: w32tm /stripchart /computer:DC /samples:3 on the host that is off`,
		`See where it takes its time from: w32tm /query /source and w32tm /query /status; a domain member should say a DC, not "Local CMOS Clock" or "Free-running System Clock"`,
		`Set it right: w32tm /config /syncfromflags:domhier /update, restart the service w32time, then w32tm /resync /rediscover`,
		`On virtual machines: do not let the hypervisor's time synchronisation fight with the domain's`,
		`Linux: chronyc tracking, chronyc makestep; Samba DC: chrony with ntpsigndsocket`,
	},
	Undo:     []string{`Time needs no undo; w32tm /config without /syncfromflags:domhier brings the old source back`},
	Events:   []Event{{Host: "client", Log: "System", ID: "Kerberos 3", Meaning: "KRB_AP_ERR_SKEW (0x25), with LogLevel=1"}, {Host: "service host", Log: "Security", ID: "4625", Meaning: "logon failed, status 0xC0000133: time difference"}, {Host: "any", Log: "System", ID: "Time-Service 24, 29, 36", Meaning: "no time source"}},
	Refs:     []string{"RFC 4120 §3.2.3, §5.9.1, §7.5.9", "[MS-KILE] §3.2.5.8 and §2.2.2 (KERB-ERROR-DATA type 2)"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkClockSkew,
}

// CHECK
func checkClockSkew(c *Case) []Finding {
	return c.skews(false, func(f *Finding, r *Record, n uint64) {
		f.Severity, f.Confidence = Error, Certain
		f.Summary, f.Cause = c.skewText(f, r, n)
	})
}

// skews makes one finding for each pair of hosts between which a 37 was
// sent, of those that healed or of those that did not.
func (c *Case) skews(healed bool, say func(*Finding, *Record, uint64)) (found []Finding) {
	is := func(r *Record) bool { return r.code() == errSkew && r.Ending == decode.Failed && r.Healed == healed }
	var rows []*Row
	for _, kind := range []decode.Kind{decode.AS, decode.TGS, decode.AP, decode.Password} {
		rows = append(rows, c.rowsWhere(kind, is)...)
	}
	for _, group := range groupRows(rows, func(row *Row) string {
		r := row.Record()
		return r.From.Addr().String() + "|" + r.To.String()
	}) {
		r := group[0].Record()
		f := c.about(group, "error_code", "stime", "ctime")
		say(&f, r, total(group))
		found = append(found, f)
	}
	return found
}

const clocksAgree = int64(120e9)

// skewText says whose clock is off, as far as the other clocks in view tell.
func (c *Case) skewText(f *Finding, r *Record, n uint64) (summary, cause string) {
	sender, client := c.HostName(r.To.Addr()), c.HostName(r.From.Addr())
	summary = fmt.Sprintf("%s refused %s %s: its clock and the client's differ too much (37).", sender, c.who(r), nTimes(n))
	cause = "Kerberos allows five minutes between two clocks. Which of the two is wrong, the capture does not tell: compare both with a DC."
	if r.Error.STime == nil {
		return summary, cause
	}
	off := *r.Error.STime - r.Error.Time
	agree, differ := c.witnesses(r.To.Addr(), r.From.Addr(), off)
	switch {
	case len(agree) > 0 && len(differ) == 0:
		f.FaultAt = []Fault{c.faultClient(r)}
		summary = fmt.Sprintf("The clock of %s is wrong%s: %s refused it %s (37).", client, c.skewBy(r), sender, nTimes(n))
		cause = fmt.Sprintf("%s agrees with %s, so the client's clock is the odd one.", sender, join(agree, 3))
	case len(differ) > 0 && len(agree) == 0:
		f.FaultAt = []Fault{c.faultServer(r)}
		if r.Kind != decode.AP {
			f.FaultAt = []Fault{c.faultKDC(r)}
		}
		summary = fmt.Sprintf("The clock of %s is %s: it refused %s %s (37).", sender, aheadText(off-c.meanOffset(r)), c.who(r), nTimes(n))
		cause = fmt.Sprintf("%s and the capture show another time than %s, so %s is the odd one. It could decrypt the ticket: key and service name are right.", join(differ, 3), sender, sender)
		if r.Kind != decode.AP {
			cause = fmt.Sprintf("%s and the capture show another time than %s, so %s is the odd one.", join(differ, 3), sender, sender)
		}
	case r.Error.CTime != nil:
		summary = fmt.Sprintf("%s refused %s %s: its clock is %s against the client's (37).", sender, c.who(r), nTimes(n), aheadText(*r.Error.STime-*r.Error.CTime))
	}
	return summary, cause
}

// skewBy is the difference of the client's clock where the error tells both.
func (c *Case) skewBy(r *Record) string {
	if r.Error.CTime == nil {
		return ""
	}
	return ", " + aheadText(*r.Error.CTime-*r.Error.STime)
}

// aheadText is a difference of clocks in words.
func aheadText(ns int64) string {
	text := seconds(max(ns, -ns))
	if h := (max(ns, -ns) + 30e9) / 3600e9; h > 0 && max(ns, -ns)-h*3600e9 < 60e9 && max(ns, -ns)-h*3600e9 > -60e9 {
		text = plural(uint64(h), "hour") + " (a time zone mistake?)"
	}
	if ns < 0 {
		return text + " behind"
	}
	return text + " ahead"
}

// witnesses are the other hosts whose clocks are in view, by whether they
// agree with a clock of the given offset to the reference capture's.
func (c *Case) witnesses(sender, client netip.Addr, off int64) (agree, differ []string) {
	for _, k := range c.Clocks() {
		if c.SameHost(k.Addr, sender) || c.SameHost(k.Addr, client) {
			continue
		}
		if d := k.Offset - off; d < clocksAgree && d > -clocksAgree {
			agree = append(agree, c.HostName(k.Addr))
		} else {
			differ = append(differ, c.HostName(k.Addr))
		}
	}
	if len(agree)+len(differ) > 0 {
		return agree, differ
	}
	// Only the capture's own clock is left. It speaks for a sender that it
	// agrees with, as it cannot agree by chance; not against one.
	if off < clocksAgree && off > -clocksAgree {
		return []string{"the clock of the capture"}, nil
	}
	return nil, nil
}

// meanOffset is the offset of the clocks that r's sender differs from.
func (c *Case) meanOffset(r *Record) int64 {
	var sum, n int64
	for _, k := range c.Clocks() {
		if !c.SameHost(k.Addr, r.To.Addr()) && !c.SameHost(k.Addr, r.From.Addr()) {
			sum += k.Offset
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / n
}
