package analyze

import (
	"fmt"
	"net/netip"
	"slices"

	"kerbscope/decode"
)

// kdcOffersNoAES: a KDC that never uses AES though asked.
var kdcOffersNoAES = &Rule{
	ID:    "kdc-offers-no-aes",
	Title: "A KDC offers no AES to anybody",
	Doc: `Clients asked this KDC for AES, and in everything that it answered (offered keys, replies, its tickets) there is no AES at all. That is
how a Windows Server 2003 DC behaves, a domain below functional level 2008, or a DC whose policy or configuration filters AES out.
Certain is the behaviour in this capture; which of the three it is, the DC must say.

KB948963 does not change it: that update gives AES to TLS on Server 2003, not to Kerberos. The event 27 that such a DC logs for a
request of AES alone (a forwarded TGT) is harmless, and forcing RC4 on the clients because of it does more harm than the event.`,
	Rivals: []string{
		`Only the accounts seen here lack AES keys: with one account the rule is "possible" at most; TGTs count more, because krbtgt is another account.`,
		`The client offered no AES: such exchanges are not counted.`,
		`krbtgt alone has no AES key (never re-keyed after the domain was raised): TGTs are RC4, but service tickets of newer accounts are AES; then the rule is silent.`,
	},
	Fix: []string{
		`Get-ADDomainController -Filter * | select HostName,OperatingSystem; (Get-ADDomain).DomainMode`,
		`On the DC: reg query HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\Kerberos\Parameters /v SupportedEncryptionTypes, and HKLM\SYSTEM\CurrentControlSet\Services\KDC /v DefaultDomainSupportedEncTypes; both are of each DC, not replicated`,
		`Retire DCs older than Server 2008; raise the functional level: Set-ADDomainMode -Identity DOMAIN -DomainMode Windows2008R2Domain (or newer); then reset the krbtgt password twice, with a full replication and 10 hours between`,
		`Until then: leave the clients at their defaults. They list RC4 behind AES and work with both kinds of DC`,
		`Samba DC: kdc supported enctypes and kdc default domain supported enctypes in smb.conf (4.17.4 and later); samba-tool domain level show`,
	},
	Undo:     []string{`Raising the functional level cannot be undone in general; note the old level and test in a lab. Registry and policy values: write them down first`},
	Events:   []Event{{Host: "DC", Log: "System", ID: "KDC 26, 27", Meaning: "etype not supported, AS and TGS; on Server 2003 noise for requests of AES alone"}, {Host: "DC", Log: "System", ID: "KDCSVC 42", Meaning: "krbtgt has no strong key (updates of November 2022 and later)"}},
	Refs:     []string{"[MS-KILE] §3.3.5.6 and its note on Windows 2000 to 2003", "[MS-SAMR] §3.1.1.8.11.6", "KB2002141 (event 27)"},
	Since:    "0.1.0",
	Severity: Warning,
	Check:    checkKDCOffersNoAES,
}

func checkKDCOffersNoAES(c *Case) []Finding {
	var found []Finding
	for _, k := range c.KDCs() {
		if k.AskedAES == 0 || anyAES(k.Tickets) || anyAES(k.TGTs) || anyAES(k.Offered) || anyAES(k.Replies) {
			continue
		}
		rows, accounts := c.weakAnswers(k.Addr)
		// One account may simply lack AES keys. krbtgt is another account.
		if len(rows) == 0 || len(accounts) < 2 {
			continue
		}
		r := rows[0].Record()
		f := c.about(rows, "etypes", "hint.etype_info2", "reply.etype", "issued.etype")
		f.Client, f.Service, f.Subject.Client, f.Subject.Service, f.Subject.ClientIP = "", "", "", "", ""
		f.Confidence = Likely
		other := c.aesElsewhere(k.Addr)
		if other != nil {
			f.Confidence = Certain
			c.cite(&f, other, "hint.etype_info2", "reply.etype", "issued.etype")
		}
		f.FaultAt = []Fault{c.faultKDC(r)}
		name := c.HostName(k.Addr)
		f.Summary = fmt.Sprintf("%s answered %s that offered AES with RC4 or weaker only (%s).", name, plural(total(rows), "request"), join(accounts, 3))
		if other != nil {
			f.Summary = fmt.Sprintf("%s answered %s that offered AES with RC4 or weaker only (%s), while %s uses AES for the same names.",
				name, plural(total(rows), "request"), join(accounts, 3), c.HostName(other.To.Addr()))
		}
		f.Cause = "This DC has no AES for anybody: a system older than Windows Server 2008, a domain below functional level 2008, or a setting on this DC that filters AES out. The clients and their lists are in order. Which of the three it is, the DC must say."
		found = append(found, f)
	}
	return found
}

// weakAnswers are the exchanges in which the KDC was asked for AES and
// answered without, and the accounts whose keys that shows.
func (c *Case) weakAnswers(kdc netip.Addr) (rows []*Row, accounts []string) {
	for _, row := range c.Rows(decode.AS, decode.TGS) {
		r := row.Record()
		if r.To.Addr() != kdc || !hasEtype(r.Req.Etypes, 18) && !hasEtype(r.Req.Etypes, 17) {
			continue
		}
		if offeredAES(r.Hint) {
			return nil, nil
		}
		weak := false
		if r.Kind == decode.AS && (r.Hint != nil && len(r.Hint.Info2) > 0 || r.Reply != nil && r.Reply.Etype != nil) {
			accounts, weak = addOnce(accounts, bare(r.Client)), true
		}
		if r.Issued != nil && r.Ending == decode.OK {
			accounts, weak = addOnce(accounts, r.Issued.SName), true
		}
		if weak {
			rows = append(rows, row)
		}
	}
	return rows, accounts
}

// offeredAES tells AES keys in a step on the way, whatever came after it.
func offeredAES(hint *Failure) bool {
	return hint != nil && slices.ContainsFunc(hint.Info2, func(k KeyInfo) bool { return isAES(k.Etype) })
}

// aesElsewhere is an exchange in which another KDC used AES for a name that
// this one served without.
func (c *Case) aesElsewhere(kdc netip.Addr) *Record {
	here := map[string]bool{}
	for _, row := range c.Rows(decode.AS, decode.TGS) {
		if r := row.Record(); r.To.Addr() == kdc && r.Ending == decode.OK {
			here[lower(r.Client)+"|"+lower(r.Service)] = true
		}
	}
	for _, row := range c.Rows(decode.AS, decode.TGS) {
		r := row.Record()
		if c.SameHost(r.To.Addr(), kdc) || r.Ending != decode.OK || r.Issued == nil || !isAES(r.Issued.Etype) {
			continue
		}
		if here[lower(r.Client)+"|"+lower(r.Service)] {
			return r
		}
	}
	return nil
}
