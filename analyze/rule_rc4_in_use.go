package analyze

import (
	"strings"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// rc4InUse: a plain list of who still uses RC4.
var rc4InUse = &Rule{
	ID:    "rc4-in-use",
	Title: "RC4 is in use",
	Doc: `This client or service used RC4 in preauthentication, as the key of a reply, in a ticket, or as a session key. A fact for planning, not a
fault. The report's section on RC4 says for each account whether it would break without RC4, as far as the wire shows.`,
	Rivals: []string{
		`Listed is not used: a list with 23 in it, as every Windows sends, is not counted.`,
		`A tool or attacker asked for RC4 (kerberoasting): the ticket is RC4 on DCs up to Server 2016 because the request was; the request list is in the etype table.`,
		`Old tickets from before a change live up to 10 hours: "issued before the capture" is said where the TGS-REP was not seen.`,
	},
	Fix: []string{
		`Follow the RC4 section of the report: it names per account what to change`,
		`On DCs with the January 2025 updates the fields of 4768 and 4769 give the same over weeks: account keys, advertized etypes, session key`,
	},
	Events:   []Event{{Host: "DC", Log: "Security", ID: "4768, 4769", Meaning: "ticket, session and preauthentication etype"}, {Host: "DC", Log: "System", ID: "KDCSVC 201-209", Meaning: "RC4 audit, DCs with updates of January 2026 and later"}},
	Refs:     []string{"RFC 8429 (RC4 in Kerberos is deprecated)", "RFC 4757", "KB5073381"},
	Since:    "0.1.0",
	Severity: Note,
	Check:    checkRC4InUse,
}

func checkRC4InUse(c *Case) []Finding {
	return c.etypeUses(isRC4, func(f *Finding, u *etypeUse) {
		f.Severity, f.Confidence = Note, Certain
		f.Summary = bare(u.principal) + " uses RC4 as " + u.role + ": " + strings.Join(u.parts, ", ") + "."
		f.Cause = "A fact for planning. The RC4 section of the report says what would happen without RC4."
	})
}

// An etypeUse is what one principal used etypes of one family for.
type etypeUse struct {
	principal, role string // role: "client" or "service"
	parts           []string
	rows            []*Row
}

// etypeUses makes one finding for each principal that used an etype of the
// family in preauthentication, as a reply key, in a ticket or as a session key.
func (c *Case) etypeUses(family func(int32) bool, say func(*Finding, *etypeUse)) (found []Finding) {
	at := map[string]*etypeUse{}
	var uses []*etypeUse
	add := func(row *Row, principal, role, part string) {
		if principal == "" {
			return
		}
		k := role + "|" + lower(principal)
		u := at[k]
		if u == nil {
			u = &etypeUse{principal: principal, role: role}
			at[k] = u
			uses = append(uses, u)
		}
		u.parts = addOnce(u.parts, part)
		if n := len(u.rows); n == 0 || u.rows[n-1] != row {
			u.rows = append(u.rows, row)
		}
	}
	is := func(e *int32) bool { return e != nil && family(*e) }
	for _, row := range c.Rows(decode.AS, decode.TGS, decode.AP) {
		r := row.Record()
		if is(r.Req.PreauthEtype) {
			add(row, r.Client, "client", "preauthentication")
		}
		if r.Kind == decode.AS && r.Ending == decode.OK && r.Reply != nil && is(r.Reply.Etype) {
			add(row, r.Client, "client", "its own key")
		}
		if r.Issued != nil && r.Ending == decode.OK && r.Req.KDCOptions&krb5.KDCEncTktInSkey == 0 && family(r.Issued.Etype) {
			add(row, r.Issued.Principal(), "service", "ticket")
		}
		if r.Kind == decode.AP && r.Presented != nil && family(r.Presented.Etype) {
			add(row, r.Presented.Principal(), "service", "ticket")
		}
		if is(r.SessionEtype) {
			add(row, r.Client, "client", "session key")
		}
	}
	for _, u := range uses {
		f := c.about(u.rows, "preauth_etype", "reply.etype", "issued.etype", "ticket.etype", "authenticator_etype")
		f.KDC, f.Server, f.FaultAt = nil, nil, nil
		f.Client, f.Service = "", ""
		f.Subject = Subject{}
		if u.role == "client" {
			f.Client, f.Subject.Client = u.principal, u.principal
		} else {
			f.Service, f.Subject.Service = u.principal, u.principal
		}
		say(&f, u)
		found = append(found, f)
	}
	return found
}
