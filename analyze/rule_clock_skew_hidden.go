package analyze

import (
	"fmt"
	"slices"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// clockSkewHidden: PREAUTH_REQUIRED although there was preauthentication.
var clockSkewHidden = &Rule{
	ID:    "clock-skew-hidden",
	Title: "The KDC asks for preauthentication again although it was there",
	Doc: `The client sent an encrypted timestamp, and the KDC answered KDC_ERR_PREAUTH_REQUIRED (25) once more instead of naming what is wrong with it. Some KDCs hide a clock that is off behind this
answer; others want another kind of proof than the one they got (FAST, a certificate). When the KDC's own time in the error is minutes away from the capture's, the clock is the likelier one.`,
	Rivals: []string{
		`The KDC demands FAST armor or a certificate: then its list of padata lacks the encrypted timestamp (2), and fast-failed says so instead.`,
		`The timestamp was made with a key that the KDC cannot use (an etype it has disabled): the etype of the proof is then not among those of ETYPE-INFO2.`,
		`Two clients behind one address, of which one had sent no proof: their exchanges have names and nonces of their own, by which they are told apart.`,
	},
	Fix: []string{
		`Compare the clocks, on the client: w32tm /stripchart /computer:KDC-NAME /samples:3, and both with a third clock`,
		`On the one that is off: w32tm /query /source, then w32tm /resync /rediscover; a DC that is off: kerbscope explain clock-skew`,
		`MIT and Heimdal clients: chronyc tracking; and kinit once more`,
	},
	Refs:     []string{"RFC 4120 §3.1.3, §7.5.9", "[MS-KILE] §3.3.5.6"},
	Since:    "0.1.0",
	Severity: Warning,
	Check:    checkClockSkewHidden,
}

func checkClockSkewHidden(c *Case) []Finding {
	rows := c.rowsWhere(decode.AS, func(r *Record) bool {
		return r.Ending == decode.Failed && r.code() == errPreauthRequired && !r.Healed && r.Req.Preauth == "timestamp" &&
			slices.Contains(r.Error.PAData, krb5.PAEncTimestamp) && r.Req.PreauthEtype != nil && (r.Error.Info2 == nil || hasEtype(etypesOf(r.Error.Info2), *r.Req.PreauthEtype))
	})
	return c.each(rows, byClientAndKDC, []string{"preauth_etype", "error_code", "stime"}, func(f *Finding, rows []*Row, r *Record) {
		f.Severity, f.Confidence = Warning, Possible
		f.FaultAt = nil
		f.Summary = fmt.Sprintf("%s asked %s for preauthentication again %s, although there was an encrypted timestamp.", c.HostName(r.To.Addr()), c.whoAll(rows), nTimes(total(rows)))
		f.Cause = "The KDC does not say what is wrong with it: a clock that is off is the usual reason."
		if r.Error.STime != nil {
			off := *r.Error.STime - r.Error.Time
			for _, s := range r.Steps {
				d := off - c.clockOf(s.Frame.Capture()).at(r.Error.Time)
				if d <= maxSkew && d >= -maxSkew {
					continue
				}
				f.Confidence = Likely
				f.Cause = fmt.Sprintf("The KDC's clock is %s: more than the five minutes that Kerberos allows, if that capture's clock is the client's.", aheadOf(d, "that of "+c.CaptureName(s.Frame)))
				break
			}
		}
		f.fill = []string{"KDC-NAME", c.HostName(r.To.Addr())}
	})
}

// maxSkew is the clock difference that Kerberos allows by default, RFC 4120 §8.2.
const maxSkew = int64(300e9)
