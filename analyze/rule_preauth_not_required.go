package analyze

import (
	"fmt"
	"strings"

	"kerbscope/decode"
)

// preauthNotRequired: the KDC gave a ticket to somebody who proved nothing.
var preauthNotRequired = &Rule{
	ID:    "preauth-not-required",
	Title: "An account without preauthentication",
	Doc: `The KDC answered an AS-REQ that carries no proof of a key (no timestamp, challenge, SPAKE or certificate, and no FAST armor that might hide one) with an AS-REP. Part of that reply is
encrypted with the account's key, so anyone may fetch it and guess the password at leisure. The account has "Do not require Kerberos preauthentication" set.`,
	Rivals: []string{
		`A realm whose KDC asks nobody for preauthentication (MIT without +requires_preauth): then every account shows it.`,
		`Anonymous PKINIT and FAST hide or replace the proof: such requests are left out.`,
		`The request was cut by the snap length: then its padata cannot be seen, and the rule is silent.`,
	},
	Fix: []string{
		`Get-ADUser -Filter {DoesNotRequirePreAuth -eq $true}; Set-ADAccountControl NAME -DoesNotRequirePreAuth $false; and set a new, long password`,
		`MIT: kadmin modprinc +requires_preauth NAME`,
		`Samba: samba-tool user edit NAME, and clear 4194304 in userAccountControl`,
	},
	Undo:     []string{`Set-ADAccountControl NAME -DoesNotRequirePreAuth $true`},
	Events:   []Event{{Host: "DC", Log: "Security", ID: "4768", Meaning: "pre-authentication type 0"}},
	Refs:     []string{"RFC 4120 §3.1.3, §5.2.7", "[MS-KILE] §3.3.1.1 (userAccountControl)"},
	Since:    "0.1.0",
	Severity: Note,
	Check:    checkPreauthNotRequired,
}

func checkPreauthNotRequired(c *Case) []Finding {
	rows := c.rowsWhere(decode.AS, func(r *Record) bool {
		return r.Ending == decode.OK && r.Reply != nil && r.Req.Frame != 0 && r.Req.Nonce != 0 && r.Req.Preauth == "" && !r.Req.FAST && r.Hint == nil &&
			r.Req.CName != "" && !strings.HasPrefix(lower(r.Req.CName), "wellknown/")
	})
	var found []Finding
	for _, group := range groupRows(rows, func(w *Row) string { return lower(w.Record().Client) }) {
		r := group[0].Record()
		f := c.about(group, "cname", "reply.etype")
		f.Severity, f.Confidence = Note, Certain
		f.FaultAt = nil
		f.Summary = fmt.Sprintf("%s gave %s a ticket %s without any preauthentication.", c.HostName(r.To.Addr()), bare(r.Client), nTimes(total(group)))
		f.Cause = "The account does not require preauthentication: anyone can fetch a reply for it and guess its password."
		f.fill = []string{"NAME", bare(r.Client)}
		found = append(found, f)
	}
	return found
}
