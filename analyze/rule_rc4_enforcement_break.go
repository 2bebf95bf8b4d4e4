package analyze

import (
	"fmt"

	"kerbscope/decode"
)

// rc4EnforcementBreak: RC4 was given and is refused now.
var rc4EnforcementBreak = &Rule{
	ID:    "rc4-enforcement-break",
	Title: "What worked with RC4 is refused now",
	Doc: `A request that offers RC4 but no AES is refused with KDC_ERR_ETYPE_NOSUPP (14), and the same client or service got RC4 from a KDC before,
in these captures. Something took RC4 away in between: a DC with the updates of April 2026 or later, where RC4 is no more issued to accounts that do not ask for it,
a policy on the DC, or a change at the account. The event log of the refusing DC names which.`,
	Rivals: []string{
		`The account was changed to AES only (msDS-SupportedEncryptionTypes 0x18), the DC not: KDC event 14 or 16 without 203 or 208; the wire does not tell.`,
		`Two DCs of different versions or settings, and the client now talks to the other: the summary says when the two answers come from two KDCs, kdcs-disagree may stand beside it.`,
		`The earlier success was for another service account behind the same name: then the ticket's kvno changes as well.`,
	},
	Fix: []string{
		`Let the client offer AES; that ends the matter: kerbscope explain client-offers-no-aes`,
		`On the DC that refused, accounts and clients by name: Get-WinEvent -FilterHashtable @{LogName='System';Id=201..209} | where ProviderName -match 'Kdcsvc|Kerberos' | format-list TimeCreated,Message`,
		`Only for a device that cannot do AES, and for the account alone that was refused: Set-ADUser NAME -Replace @{'msDS-SupportedEncryptionTypes'=28} (RC4 and AES; a computer: Set-ADComputer). Note the old value first. RC4DefaultDisablementPhase, the way back of January to June 2026, is no more read by DCs with the updates of July 2026`,
		`Samba: kdc supported enctypes and kdc default domain supported enctypes in smb.conf of the DC`,
	},
	Undo: []string{
		etypesUndo,
	},
	Events:   []Event{{Host: "DC", Log: "System", ID: "KDCSVC 203, 204, 208, 209", Meaning: "a request was refused because RC4 is no more allowed"}},
	Refs:     []string{"KB5073381 (January, April and July 2026)", "[MS-KILE] §3.3.5.6, §3.3.5.7"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkRC4EnforcementBreak,
}

func checkRC4EnforcementBreak(c *Case) []Finding {
	given := map[string][]*Record{}
	var refused []*Row
	for _, w := range c.Rows(decode.AS, decode.TGS) {
		r := w.Record()
		switch {
		case r.code() == errEtypeNosupp && !r.Healed && len(r.Req.Etypes) > 0 && !hasAES(r.Req.Etypes) && hasRC4(r.Req.Etypes) && !loneForwarded(r):
			refused = append(refused, w)
		case r.Ending == decode.OK && r.Issued != nil && rc4Given(r):
			given[askedName(r)] = append(given[askedName(r)], w.Exemplars...)
		}
	}
	var found []Finding
	for _, group := range groupRows(refused, func(w *Row) string { return askedName(w.Record()) + "|" + w.Record().To.Addr().String() }) {
		r := group[0].Record()
		var before *Record
		for _, g := range given[askedName(r)] {
			if g.Start < r.Start && (before == nil || c.SameHost(g.To.Addr(), r.To.Addr())) {
				before = g
			}
		}
		if before == nil {
			continue
		}
		f := c.about(group, "etypes", "error_code")
		c.cite(&f, before, "issued.etype", "reply.etype")
		same := c.SameHost(before.To.Addr(), r.To.Addr())
		f.Severity, f.Confidence = Error, Possible
		name := r.Service
		if r.Kind == decode.AS {
			name = r.Client
		}
		f.FaultAt = []Fault{c.faultKDC(r)}
		f.Summary = fmt.Sprintf("%s refused RC4 for %s %s (14); %s earlier %s had given it.", c.HostName(r.To.Addr()), bare(name), nTimes(total(group)),
			durationText(r.Start-before.Start), c.HostName(before.To.Addr()))
		f.Cause = "The two KDCs have different settings or versions, or RC4 was taken from the account in between. The client offers nothing else."
		if same {
			f.Confidence = Likely
			f.Cause = "RC4 was switched off in between: by an update of the DC, a policy on it, or at the account. The client offers nothing else."
		}
		f.CaptureNext = []string{"Nothing more from the wire: the System log of " + c.HostName(r.To.Addr()) + " tells why (KDCSVC 203 to 209, KDC 14 and 16)."}
		found = append(found, f)
	}
	return found
}

// rc4Given tells an answer that gave the client RC4: its own key for AS, the
// service's ticket for TGS.
func rc4Given(r *Record) bool {
	if r.Kind == decode.AS {
		return r.Reply != nil && r.Reply.Etype != nil && isRC4(*r.Reply.Etype)
	}
	return isRC4(r.Issued.Etype) || !hasAES(r.Req.Etypes) && hasRC4(r.Req.Etypes)
}

func hasRC4(list []int32) bool {
	for _, e := range list {
		if isRC4(e) {
			return true
		}
	}
	return false
}
