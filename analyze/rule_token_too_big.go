package analyze

import (
	"fmt"

	"kerbscope/decode"
)

// tokenTooBig: a large token, and the service does not take it.
var tokenTooBig = &Rule{
	ID:    "token-too-big",
	Title: "The authentication token is too large for the service",
	Doc: `The token with the AP-REQ has more than 12,000 bytes (48,000 since Windows 8 and Server 2012), and the service answered in the way of one that does not take so much: HTTP 400, 413 or 431, or the connection was closed or reset without an answer. The size
comes from the PAC: groups of the user, SID history, claims.`,
	Rivals: []string{
		`The service refuses or crashes for another reason: another user with a small token gets through at the same time; without such a control the finding is likely at most.`,
		`A proxy or firewall on the way has the limit, not the service: a capture at the service shows whether the request arrives.`,
		`Loss or a small MTU cuts long requests: then segments are retransmitted and the connection ends by time-out, not at once.`,
	},
	Fix: []string{
		`See what fills it: whoami /groups /fo csv, or Get-ADUser NAME -Properties MemberOf,SIDHistory; take the user out of groups, clear SID history (only when nothing is shared with the old domain's SIDs any more)`,
		`Servers before 2012 and clients: MaxTokenSize=48000: reg add HKLM\SYSTEM\CurrentControlSet\Control\Lsa\Kerberos\Parameters /v MaxTokenSize /t REG_DWORD /d 48000, then restart`,
		`IIS and HTTP.sys: reg add HKLM\SYSTEM\CurrentControlSet\Services\HTTP\Parameters /v MaxFieldLength /t REG_DWORD /d 65534, the same for MaxRequestBytes (to 16777216), then restart the server`,
		`Apache: LimitRequestFieldSize 65536; nginx: large_client_header_buffers 4 64k; Tomcat: maxHttpHeaderSize="65536" on the Connector`,
	},
	Undo:     []string{`reg delete HKLM\SYSTEM\CurrentControlSet\Services\HTTP\Parameters /v MaxFieldLength /f, and MaxRequestBytes`, `reg delete HKLM\SYSTEM\CurrentControlSet\Control\Lsa\Kerberos\Parameters /v MaxTokenSize /f`},
	Events:   []Event{{Host: "client", Log: "System", ID: "Kerberos 6", Meaning: "the token is larger than MaxTokenSize"}, {Host: "DC", Log: "System", ID: "Kerberos-Key-Distribution-Center 31", Meaning: "a ticket larger than the warning threshold was issued"}},
	Refs:     []string{"KB938118, KB327825 (MaxTokenSize)", "KB820129 (HTTP.sys registry values)", "[MS-PAC] §2"},
	Since:    "0.1.0",
	Severity: Warning,
	Check:    checkTokenTooBig,
}

// largeToken is what Windows before 2012 takes by default.
const largeToken = 12000

func checkTokenTooBig(c *Case) []Finding {
	size := func(r *Record) int {
		if r.Attempt != nil {
			return max(r.Attempt.TokenLen, r.Req.Length)
		}
		return r.Req.Length
	}
	rows := c.rowsWhere(decode.AP, func(r *Record) bool {
		if size(r) <= largeToken || r.Reply != nil || r.Error != nil {
			return false
		}
		if r.Word != nil && len(r.Carrier) > 0 && r.Carrier[0] == "http" {
			return r.Word.Code == 400 || r.Word.Code == 413 || r.Word.Code == 431
		}
		server, _ := c.closed(r)
		return r.Ending == decode.Unanswered && r.BothWays && server
	})
	return c.each(rows, byServiceAndServer, []string{"carrier_result.code", "ticket.sname"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence = Likely
		if f.Severity != Note {
			f.Severity = Error
		}
		what := "closed the connection"
		if r.Word != nil {
			what = "answered " + wordText(r.Word)
		}
		f.Summary = fmt.Sprintf("%s %s %s to tokens of %d bytes from %s for %s.", c.server(r.To), what, nTimes(total(rows)), size(r), c.whoAll(rows), serviceText(r))
		f.Cause = "The token is larger than the service, or something before it, takes."
		if x := c.smallerAccepted(r, size); x != nil {
			f.Cause += fmt.Sprintf(" A token of %d bytes was accepted there.", size(x))
			c.cite(f, x, "ticket.sname", "carrier_result.code")
		}
		f.fill = []string{"NAME", bare(r.Client)}
	})
}

func (c *Case) smallerAccepted(r *Record, size func(*Record) int) *Record {
	for _, x := range c.Records() {
		if x.Kind == decode.AP && x.To == r.To && x.Ending == decode.OK && size(x) < largeToken {
			return x
		}
	}
	return nil
}
