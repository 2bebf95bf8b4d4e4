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
	Undo:     []string{`Before changing anything note what w32tm /query /configuration says; w32tm /config /syncfromflags:OLDVALUE /update brings it back`},
	Events:   []Event{{Host: "client", Log: "System", ID: "Kerberos 3", Meaning: "KRB_AP_ERR_SKEW (0x25), with LogLevel=1"}, {Host: "service host", Log: "Security", ID: "4625", Meaning: "logon failed, status 0xC0000133: time difference"}, {Host: "any", Log: "System", ID: "Time-Service 24, 29, 36", Meaning: "no time source"}},
	Refs:     []string{"RFC 4120 §3.2.3, §5.9.1, §7.5.9", "[MS-KILE] §3.2.5.8 and §2.2.2 (KERB-ERROR-DATA type 2)"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkClockSkew,
}

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
	w := c.witnesses(r.To.Addr(), r.From.Addr(), off)
	switch {
	case len(w.agree) > 0 && len(w.differ) == 0:
		f.FaultAt = []Fault{c.faultClient(r)}
		summary = fmt.Sprintf("The clock of %s is wrong%s: %s refused it %s (37).", client, c.skewBy(r, off), sender, nTimes(n))
		cause = fmt.Sprintf("%s %s with %s, so the clock of %s is the odd one.", join(w.agree, 3), agreeText(w.agree), sender, client)
	case len(w.differ) > 0 && len(w.agree) == 0 && (w.kdc || len(w.differ) > 1):
		f.FaultAt = []Fault{c.faultServer(r)}
		if r.Kind != decode.AP {
			f.FaultAt = []Fault{c.faultKDC(r)}
		}
		summary = fmt.Sprintf("The clock of %s is %s: it refused %s %s (37).", sender, aheadOf(off-w.differBy, w.differ[0]), c.who(r), nTimes(n))
		cause = fmt.Sprintf("%s shows another time than %s, and members of a domain follow their DCs.", join(w.differ, 3), sender)
		if len(w.differ) > 1 {
			cause = fmt.Sprintf("%s show another time than %s.", join(w.differ, 3), sender)
		}
	case r.Error.CTime != nil:
		summary = fmt.Sprintf("%s refused %s %s: its clock is %s (37).", sender, c.who(r), nTimes(n), aheadOf(*r.Error.STime-*r.Error.CTime, "the client's"))
	}
	if r.Kind == decode.AP {
		cause += " The acceptor could decrypt the ticket: key and service name are right."
	}
	return summary, cause
}

func agreeText(list []string) string {
	if len(list) == 1 {
		return "agrees"
	}
	return "agree"
}

// skewBy is the client's clock against the sender's, where the error tells
// both, or errors that the client's host itself sent.
func (c *Case) skewBy(r *Record, off int64) string {
	if r.Error.CTime != nil {
		return ", " + aheadText(*r.Error.CTime-*r.Error.STime)
	}
	if k := c.Clock(r.From.Addr()); k != nil {
		if d := k.Offset - off; d > clocksAgree || d < -clocksAgree {
			return ", " + aheadText(d)
		}
	}
	return ""
}

// aheadText is a difference of clocks in words.
func aheadText(ns int64) string {
	if ns < 0 {
		return clockText(-ns) + " behind"
	}
	return clockText(ns) + " ahead"
}

// aheadOf is the same against another clock.
func aheadOf(ns int64, other string) string {
	if ns < 0 {
		return clockText(-ns) + " behind " + other
	}
	return clockText(ns) + " ahead of " + other
}

// clockText is a difference of clocks; whole hours look like a time zone.
func clockText(ns int64) string {
	if h := (ns + 30e9) / 3600e9; h > 0 && ns-h*3600e9 < 60e9 {
		return plural(uint64(h), "hour") + " (a time zone mistake?)"
	}
	return durationText(ns)
}

// clockWitnesses are the clocks of hosts that have no part in a refusal.
type clockWitnesses struct {
	agree, differ []string // names of those that agree with the sender's clock, and of the others
	differBy      int64    // offset of the first that differs
	kdc           bool     // a KDC is among those that differ
}

// witnesses looks at the other clocks in view, the sender's clock having the
// given offset to the reference capture's.
func (c *Case) witnesses(sender, client netip.Addr, off int64) (w clockWitnesses) {
	agree, differ := map[string]bool{}, map[string]bool{}
	for _, k := range c.Clocks() {
		if c.SameHost(k.Addr, sender) || c.SameHost(k.Addr, client) {
			continue
		}
		name := c.HostName(k.Addr)
		if d := k.Offset - off; d < clocksAgree && d > -clocksAgree {
			if !agree[name] {
				agree[name], w.agree = true, append(w.agree, name)
			}
			continue
		}
		if w.differ == nil {
			w.differBy = k.Offset
		}
		if !differ[name] {
			differ[name], w.differ = true, append(w.differ, name)
		}
		w.kdc = w.kdc || c.HasRole(k.Addr, "kdc")
	}
	// With no other host, only the capture's own clock is left. It speaks for a
	// sender that it agrees with and that is not where it was taken, which for
	// a KDC is likely enough; never against one.
	if w.agree == nil && w.differ == nil && c.HasRole(sender, "kdc") && off < clocksAgree && off > -clocksAgree {
		w.agree = []string{"the clock of the capture"}
	}
	return w
}
