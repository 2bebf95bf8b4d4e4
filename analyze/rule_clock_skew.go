package analyze

import (
	"fmt"
	"strings"

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
		`On HOST, whose clock is off, measure against a DC that is right, better two: w32tm /stripchart /computer:KDC-NAME /samples:3 /dataonly`,
		`See there where it takes its time from: w32tm /query /source and w32tm /query /status; a domain member should say a DC, not "Local CMOS Clock" or "Free-running System Clock"`,
		`Set it right, on HOST: w32tm /config /syncfromflags:domhier /update, Restart-Service w32time, then w32tm /resync /rediscover. The clock jumps: one that was ahead goes through the same minutes again, which databases, logs and scheduled tasks notice, so pick a quiet moment. On the PDC emulator instead, whose clock all others follow: w32tm /config /manualpeerlist:NTPSERVER /syncfromflags:manual /reliable:yes /update`,
		`A virtual machine (Hyper-V shows the source "VM IC Time Synchronization Provider"; VMware: vmware-toolbox-cmd timesync status): see that the hypervisor's own clock is right, and let one of the two set the time, not both`,
		`Linux: chronyc tracking, chronyc makestep; Samba DC: chrony with ntpsigndsocket`,
		`Mended when w32tm /stripchart shows an offset of a second or two at most, and the logon works`,
	},
	Undo:     []string{`Before changing anything note what w32tm /query /configuration says; w32tm /config /syncfromflags:OLDVALUE /manualpeerlist:OLDLIST /update brings it back`},
	Events:   []Event{{Host: "client", Log: "System", ID: "Kerberos 3", Meaning: "KRB_AP_ERR_SKEW (0x25), with LogLevel=1"}, {Host: "service host", Log: "Security", ID: "4625", Meaning: "logon failed, status 0xC0000133: time difference"}, {Host: "any", Log: "System", ID: "Time-Service 24, 29, 36", Meaning: "no time source"}},
	Refs:     []string{"RFC 4120 §3.2.3, §5.9.1, §7.5.9", "[MS-KILE] §3.2.5.8 and §2.2.2 (KERB-ERROR-DATA type 2)"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkClockSkew,
}

func checkClockSkew(c *Case) []Finding {
	return c.skews(false, func(f *Finding, s *skew) {
		f.fill = c.skewFill(s)
		f.Severity, f.Confidence = Error, Certain
		if s.proven && s.witnesses.capture || s.several > 0 {
			f.Confidence = Likely
		}
		f.Summary, f.Cause = c.skewText(f, s)
	})
}

const clocksAgree = int64(120e9)

// skewText says whose clock is off, as far as the other clocks in view tell.
func (c *Case) skewText(f *Finding, s *skew) (summary, cause string) {
	r := s.record
	sender, client := c.HostName(r.To.Addr()), c.HostName(r.From.Addr())
	switch {
	case s.several > 0:
		f.FaultAt = []Fault{c.faultClock(s)}
		summary = fmt.Sprintf("%s: its clock and theirs differ too much (37).", strings.Join(s.refusals(c), "; "))
		cause = fmt.Sprintf("Kerberos allows five minutes between two clocks. %s refused all %d hosts that asked it in view: its own clock is more likely to be wrong than those of all of them. That the capture's clock agrees with it says nothing if it was taken there: compare with another DC.", sender, s.several)
	case !s.proven:
		summary = fmt.Sprintf("%s: %s clock and the client's differ too much (37).", strings.Join(s.refusals(c), "; "), s.whose(c))
		if by, ok := s.apart(); ok {
			summary = fmt.Sprintf("%s: %s clock is %s (37).", strings.Join(s.refusals(c), "; "), s.whose(c), aheadOf(by, "the client's"))
		}
		cause = "Kerberos allows five minutes between two clocks. Which of the two is wrong, the capture does not tell: compare both with a DC."
		if s.presumed && r.Kind != decode.AP {
			cause = "Kerberos allows five minutes between two clocks. Nothing else in view tells which of the two is wrong; members of a domain follow their DCs."
		}
	default:
		f.FaultAt = []Fault{c.faultClock(s)}
		summary = fmt.Sprintf("The clock of %s is %s: %s (37).", c.HostName(s.odd), c.skewBy(s), strings.Join(s.refusals(c), "; "))
		switch w := s.witnesses; {
		case len(w.agree) > 0:
			cause = fmt.Sprintf("%s %s with %s, so the clock of %s is the odd one.", join(w.agree, 3), agreeText(w.agree), sender, client)
			if rest, ok := strings.CutPrefix(cause, "the "); ok {
				cause = "The " + rest
			}
			if w.capture {
				cause = strings.TrimSuffix(cause, ".") + fmt.Sprintf(", unless that capture was taken on %s: then compare both with another clock.", sender)
			}
		case len(w.differ) == 1:
			cause = fmt.Sprintf("%s shows another time than %s, and members of a domain follow their DCs.", w.differ[0], sender)
		case len(w.differ) > 1:
			cause = fmt.Sprintf("%s show another time than %s.", join(w.differ, 3), sender)
		}
		if name, by, ok := c.recordedThere(s); ok {
			cause += fmt.Sprintf(" The clock of %s is %s: if it was recorded on %s, so is that host's.", name, aheadText(by), client)
		}
	}
	for _, row := range s.rows {
		if row.Record().Kind == decode.AP {
			cause += " The acceptor could decrypt the ticket: key and service name are right."
			break
		}
	}
	return summary, cause
}

// skewFill names the host that is off and a DC that is not, where they show.
func (c *Case) skewFill(s *skew) (fill []string) {
	if s.proven || s.several > 0 {
		fill = append(fill, "HOST", c.HostName(s.odd))
	}
	if r := s.record; s.proven && r.Kind != decode.AP && !c.SameHost(s.odd, r.To.Addr()) {
		fill = append(fill, "KDC-NAME", c.HostName(r.To.Addr()))
	}
	return fill
}

// whose is "its" after one refusing host, else "their".
func (s *skew) whose(c *Case) string {
	if len(s.senders(c)) > 1 {
		return "their"
	}
	return "its"
}

// apart is the sender's clock against the client's, where the error tells both.
func (s *skew) apart() (by int64, ok bool) {
	if e := s.record.Error; e.STime != nil && e.CTime != nil {
		return *e.STime - *e.CTime, true
	}
	return 0, false
}

// faultClock puts the fault at the host whose clock is off.
func (c *Case) faultClock(s *skew) Fault {
	r := s.record
	switch {
	case !c.SameHost(s.odd, r.To.Addr()):
		f := c.faultClient(r)
		f.Endpoint = &Endpoint{Address: s.odd.String()}
		return f
	case r.Kind == decode.AP && s.endpoints() == 1 && s.onlySender(c):
		return c.faultServer(r)
	case r.Kind == decode.AP:
		return Fault{Host: c.HostName(s.odd), Role: c.roleOf(s.odd, "service"), Endpoint: &Endpoint{Address: s.odd.String()}}
	}
	return c.faultKDC(r)
}

func agreeText(list []string) string {
	if len(list) == 1 {
		return "agrees"
	}
	return "agree"
}

// skewBy is how far the odd clock is off, by the times in errors: those of
// the host itself against another's, or both in one error.
func (c *Case) skewBy(s *skew) string {
	r := s.record
	if c.SameHost(s.odd, r.To.Addr()) {
		return aheadOf(s.off-s.witnesses.differBy, s.witnesses.differ[0])
	}
	sender := c.HostName(r.To.Addr())
	if by, ok := s.apart(); ok {
		return "wrong, " + aheadOf(-by, sender)
	}
	for _, k := range c.Clocks() {
		if d := k.Offset - s.off; c.SameHost(k.Addr, s.odd) && k.cluster == s.cluster && (d > clocksAgree || d < -clocksAgree) {
			return "wrong, " + aheadOf(d, sender)
		}
	}
	return "wrong"
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
