package analyze

import (
	"fmt"
	"slices"
	"strings"

	"kerbscope/decode"
)

// kdcSlow: answers come, late.
var kdcSlow = &Rule{
	ID:    "kdc-slow",
	Title: "A KDC answers slowly",
	Doc: `Time from request to reply at one KDC, over all exchanges that were answered. From three exchanges with a median over one
second it is a warning: MIT clients send again after one second. From 250 ms it is a note. A single answer that took ten seconds or more is a warning of its own: clients have given up by then. A healthy DC on a LAN
answers within some milliseconds.`,
	Rivals: []string{
		`The network is slow, not the KDC: the capture taken nearest to the KDC is the one that is measured; with a capture at the client alone the round trip of the path is in the number.`,
		`A few large exchanges among many fast ones: the median does not move.`,
		`The KDC waits for another machine (an RODC for its hub DC, any DC for the PDC after a wrong password): those are AS exchanges only; compare with TGS.`,
	},
	Fix: []string{
		`On the DC: Get-Counter "\Security System-Wide Statistics\KDC AS Requests", "\Security System-Wide Statistics\KDC TGS Requests", "\Processor(_Total)\% Processor Time"; the Active Directory Diagnostics data collector set names what LSASS is busy with`,
		`Look for slow DNS or name lookups of the DC, and for storage latency of ntds.dit`,
		`Send clients to a DC of their own site: nltest /dsgetdc:DOMAIN /force`,
		`Samba: log level = 1 kerberos:3 and the number of prefork children; MIT KDC: krb5kdc -w WORKERS`,
	},
	Refs:     []string{"MIT krb5 sendto_kdc.c (first retry after 1 s)"},
	Since:    "0.1.0",
	Severity: Warning,
	Check:    checkKDCSlow,
}

func checkKDCSlow(c *Case) []Finding {
	found := c.answeredLate()
	for _, group := range groupRecords(c.Records(), func(r *Record) string {
		if r.Kind != decode.AS && r.Kind != decode.TGS || r.took() < 0 {
			return ""
		}
		return r.To.Addr().String()
	}) {
		if len(group) < 3 {
			continue
		}
		slices.SortStableFunc(group, func(a, b *Record) int { return int(min(max(a.took()-b.took(), -1), 1)) })
		mid := group[len(group)/2].took()
		if len(group)%2 == 0 {
			mid = (mid + group[len(group)/2-1].took()) / 2
		}
		if mid < 250e6 {
			continue
		}
		r := group[len(group)/2]
		slow := slices.Clone(group[len(group)/2:])
		slices.SortStableFunc(slow, byTime)
		f := c.aboutRecords(slow, "request", "issued.etype", "error_code")
		f.Client, f.Service, f.Subject.Client, f.Subject.Service, f.Subject.ClientIP = "", "", "", "", ""
		f.Count, f.Confidence, f.Severity = uint64(len(group)), Certain, Note
		if mid > 1e9 {
			f.Severity = Warning
		}
		f.FaultAt = nil
		f.Summary = fmt.Sprintf("%s took %s in the middle (longest %s) to answer %d requests.", c.HostName(r.To.Addr()), seconds(mid), seconds(group[len(group)-1].took()), len(group))
		f.Cause = "The KDC is busy, waits for another DC or for its disk, or the way to it is slow: the capture nearest to the KDC tells which."
		f.fill = []string{"KDC-NAME", c.HostName(r.To.Addr())}
		found = append(found, f)
	}
	return found
}

// lateAnswer is how late an answer is of no use any more: clients have gone on or
// given up (MIT after some rounds over all KDCs, Windows from five seconds on).
const lateAnswer = int64(10e9)

// answeredLate are the KDCs that answered single requests far too late, however
// fast they were at other times: they hung, or restarted.
func (c *Case) answeredLate() []Finding {
	var found []Finding
	for _, list := range groupRecords(c.Records(), func(r *Record) string {
		if r.waited() < lateAnswer {
			return ""
		}
		return r.To.Addr().String()
	}) {
		r, longest := list[0], int64(0)
		for _, x := range list {
			longest = max(longest, x.waited())
		}
		f := c.aboutRecords(list, "request", "issued.etype", "error_code")
		f.identity = "late " + r.To.Addr().String()
		f.Severity, f.Confidence, f.FaultAt = Warning, Certain, []Fault{c.faultKDC(r)}
		f.Summary = fmt.Sprintf("%s left %s without answer for up to %s, and answered then.", c.HostName(r.To.Addr()), plural(uint64(len(list)), "request"), seconds(longest))
		f.Cause = "The KDC hung, was being restarted, or could not be reached for that time; clients give up meanwhile, or go to another KDC."
		f.fill = []string{"KDC-NAME", c.HostName(r.To.Addr())}
		found = append(found, f)
	}
	return found
}

// waited is the longest that a request of r to a KDC went without an answer,
// from its first copy on; -1 where none came.
func (r *Record) waited() int64 {
	if r.Kind != decode.AS && r.Kind != decode.TGS {
		return -1
	}
	longest, asked := int64(-1), int64(0)
	for _, s := range r.Steps {
		switch {
		case !strings.HasSuffix(s.What, "-REQ"):
			if asked != 0 {
				longest = max(longest, s.Time-asked)
			}
			asked = 0
		case asked == 0:
			asked = s.Time
		}
	}
	return longest
}

// took is the time from the deciding request to its answer, -1 when one of
// them is not there or the request was sent more than once.
func (r *Record) took() int64 {
	answer := int64(0)
	switch {
	case r.Req.Frame == 0 || r.Resent > 0:
		return -1
	case r.Reply != nil:
		answer = r.Reply.Time
	case r.Error != nil:
		answer = r.Error.Time
	default:
		return -1
	}
	return max(answer-r.Req.Time, 0)
}
