package analyze

import (
	"fmt"
	"strings"
)

// spnOnWrongAccount: the ticket is for another account's key than the host's.
var spnOnWrongAccount = &Rule{
	ID:    "spn-on-wrong-account",
	Title: "The service name seems to be registered on another account than the service runs as",
	Doc: `The acceptor refused the ticket for this service name (31, 41, 44, 45), while tickets for other service names of the same host are accepted there, and
those have another kvno or etype: so the KDC encrypts the refused one with another account's key. With the same kvno by
chance the answer is 31 or 41, with a different one often 44: the code alone says nothing about which it is. A keytab proves it: the
entries that it has for the service name do not open the ticket, the key of another account does.`,
	Rivals: []string{
		`The refused service has a service account of its own, rightly, and its key or keytab there is old: the same picture until setspn -Q names the account.`,
		`The host's keytab has the host's names but not this one (MIT compares names with case): answered 44, 45 or 35; acceptor-lacks-key names it.`,
		`The host's password was just changed, tickets for one name are older than for the other: then the older ticket of the pair has the lower kvno and stale-ticket speaks.`,
		`A duplicate SPN: KDCs answer 7 and issue no ticket.`,
	},
	Fix: spnOnWrongAccountSteps,
	Undo: []string{
		`setspn -D SPN RIGHTACCOUNT, then setspn -S SPN WRONGACCOUNT`,
		`IIS: the same appcmd with -useAppPoolCredentials:false`,
	},
	Events:   []Event{{Host: "client", Log: "System", ID: "Kerberos 4", Meaning: "KRB_AP_ERR_MODIFIED; the text names the account whose key was expected"}, {Host: "DC", Log: "Security", ID: "4769", Meaning: "Service Name and Service ID: the account whose key the ticket was encrypted with"}},
	Refs:     []string{"[MS-KILE] §3.4.5, §3.3.5.7", "RFC 4120 §3.2.3"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkSPNOnWrongAccount,
}

var spnOnWrongAccountSteps = []string{
	`setspn -Q SPN names the account that carries it (none: the computer's own host/ name stands for HTTP, cifs and others). Compare with the account that the service runs as, on HOST: Get-CimInstance Win32_Service | select Name,StartName (IIS: %windir%\system32\inetsrv\appcmd list apppool "POOL" /text:* in cmd.exe, but with kernel-mode authentication the computer's account; Linux: whose key klist -kte FILE holds). Note both`,
	`If that account is meant to carry the name (Exchange's alternate service account, a farm behind a balancer), leave it there: HOST lacks its password, see kerbscope explain stale-keytab. Exchange, in its shell: cd $exscripts, .\RollAlternateServiceAccountPassword.ps1 -ToSpecificServer HOST -CopyFrom GOODSERVER`,
	`If it is the account of an IIS application pool, rightly, leave it there too: %windir%\system32\inetsrv\appcmd set config "SITE" -section:system.webServer/security/authentication/windowsAuthentication -useAppPoolCredentials:true -commit:apphost in cmd.exe; then all names of that site must be on that account`,
	`Else move it: setspn -D SPN WRONGACCOUNT, then at once setspn -S SPN RIGHTACCOUNT: in between nobody gets a ticket for it, and what else uses WRONGACCOUNT under that name stops working`,
	`Linux: the keytab on HOST needs SPN with the key of RIGHTACCOUNT as well: klist -kte FILE; Samba: samba-tool spn list ACCOUNT; samba-tool spn delete SPN WRONGACCOUNT; samba-tool spn add SPN RIGHTACCOUNT; samba-tool domain exportkeytab FILE --principal=SPN`,
	`Let it replicate: repadmin /syncall /AdeP on a DC, then on clients klist purge (services of the computer: klist -li 0x3e7 purge, as administrator). Mended when a new ticket is accepted`,
}

func checkSPNOnWrongAccount(c *Case) []Finding {
	var found []Finding
	taken := c.taken()
	for _, group := range groupShowings(c.showings(refused), byShownService) {
		if _, control := c.control(group); control != nil {
			continue // the same ticket was accepted: the account is right
		}
		if f := c.othersKey(group); f != nil {
			found = append(found, *f)
			continue
		}
		if !sure(group) {
			continue
		}
		s := surest(group)
		var control showing
		confidence := Confidence("")
		if len(taken.sameService(s)) > 0 {
			continue // the name was accepted there with another ticket: a matter of time, not of the account
		}
		for _, a := range taken.sameHostName(s) {
			if how := c.otherAccount(s, a); how != "" && (confidence == "" || how == Likely) {
				control, confidence = a, how
			}
		}
		if confidence == "" {
			continue
		}
		r, ok := s.p.First, control.p.First
		f := c.aboutShowings(group, "ticket.sname", "ticket.etype", "ticket.kvno", "error_code")
		f.Confidence = confidence
		c.cite(&f, ok, "ticket.sname", "ticket.etype", "ticket.kvno", "ap_rep")
		for _, t := range []*TicketLife{s.life, control.life} {
			if t.Issued != nil {
				c.cite(&f, t.Issued, "issued.kvno")
			}
		}
		f.FaultAt = nil
		accepts := "and"
		if control.p.To != s.p.To {
			accepts = "and " + c.server(control.p.To)
		}
		f.Summary = fmt.Sprintf("%s refused %s (%s) %s with %s, %s accepts %s (%s): the two names seem to be on different accounts.", c.server(r.To),
			s.life.SName, ticketText(&s.life.TicketRef), nTimes(shownTimes(group)), refusalText(r), accepts, control.life.SName, ticketText(&control.life.TicketRef))
		f.Cause = fmt.Sprintf("The KDC encrypts tickets for %s with the key of an account that the service does not run as. setspn -Q %s names that account.", s.life.SName, s.life.SName)
		f.fill = []string{"SPN", s.life.SName, "HOST", c.HostName(r.To.Addr())}
		found = append(found, f)
	}
	return found
}

// othersKey is the finding that the keys given prove: those of the service's
// name do not open the refused ticket, that of another account does; nil when they
// do not, or the account is that of the host itself.
func (c *Case) othersKey(group []showing) *Finding {
	for _, s := range group {
		o := s.p.First.Opened
		if o == nil || !o.Foreign || !o.Misfit && !o.Lacks || c.ownedByHost(s, o.Owner) {
			continue
		}
		r := s.p.First
		f := c.aboutShowings(group, "opened.key", "opened.own_why_not", "ticket.sname", "ticket.etype", "ticket.kvno", "error_code", "carrier_result.code")
		f.Confidence = Certain
		if o.Lacks {
			f.Confidence = Likely // of that kvno or etype there is nothing to compare with
		}
		f.FaultAt = nil
		if s.life.Issued != nil {
			c.cite(&f, s.life.Issued, "issued.etype", "issued.kvno")
		}
		owner, _ := splitPrincipal(o.Owner)
		f.Summary = fmt.Sprintf("%s refused %s (%s) %s with %s: the KDC made that ticket with the key of %s, not with the one that the service keeps under the name.", c.server(r.To),
			s.life.SName, ticketText(&s.life.TicketRef), nTimes(shownTimes(group)), refusalText(r), owner)
		f.Cause = fmt.Sprintf("The service name is on the account %s: its key, which was given, opens the ticket, and %s. If the service is meant to run as %s, its own key under the name %s is wrong instead.",
			owner, o.OwnWhyNot, owner, s.life.SName)
		f.fill = []string{"SPN", s.life.SName, "WRONGACCOUNT", owner, "HOST", c.HostName(r.To.Addr())}
		return &f
	}
	return nil
}

// ownedByHost tells that an account is the computer's own, by the name of the
// service or of the host that was asked.
func (c *Case) ownedByHost(s showing, owner string) bool {
	name, _ := splitPrincipal(owner)
	host, isHost := strings.CutSuffix(lower(name), "$")
	if !isHost {
		return spnHost(owner) != "" && spnHost(owner) == spnHost(s.life.SName) && (hostOwned[spnClass(owner)] || spnClass(owner) == spnClass(s.life.SName))
	}
	short, _, _ := strings.Cut(spnHost(s.life.SName), ".")
	return host == short || host == lower(c.HostName(s.p.To.Addr()))
}

// otherAccount tells how surely an accepted ticket for another name of the same
// host shows that the refused one is for another account's key.
func (c *Case) otherAccount(s, a showing) Confidence {
	if spnHost(s.life.SName) == "" || spnHost(s.life.SName) != spnHost(a.life.SName) {
		return ""
	}
	return c.otherKey(s, a)
}

// otherKey is otherAccount for names of whatever hosts, as long as one host has
// seen both tickets.
func (c *Case) otherKey(s, a showing) Confidence {
	t, o := s.life, a.life
	if lower(t.SName) == lower(o.SName) || t.Realm != o.Realm ||
		!c.SameHost(s.p.To.Addr(), a.p.To.Addr()) || t.KVNO == nil || o.KVNO == nil || rodc(t.KVNO) || rodc(o.KVNO) {
		return ""
	}
	if *t.KVNO == *o.KVNO {
		// The same process takes the other name: it holds the host's key of this kvno.
		if a.p.To == s.p.To && t.Etype == o.Etype {
			return Likely
		}
		return ""
	}
	if t.Issued == nil || o.Issued == nil || !c.SameHost(t.Issued.To.Addr(), o.Issued.To.Addr()) {
		return ""
	}
	older, newer := t, o
	if o.issuedAt() < t.issuedAt() {
		older, newer = o, t
	}
	switch {
	case *newer.KVNO < *older.KVNO:
		return Likely // one account's kvno does not fall
	case *newer.KVNO-*older.KVNO > 1 && newer.issuedAt()-older.issuedAt() < fresh:
		return Likely // nor does it rise by two in a moment
	case a.p.Last.Start > s.p.First.Start && older == o:
		return Possible // the older kvno is still good after the refusal
	}
	return ""
}

// otherKeyNote is for a refusal that says nothing of the account: tickets for
// other names that the host takes are made with the key of another one. aliases:
// only names of other hosts, taken at the same endpoint.
func (c *Case) otherKeyNote(taken taken, r *Record, aliases bool) string {
	t := c.lifeOf(r.Presented)
	if t == nil || t.KVNO == nil {
		return ""
	}
	s := showing{t, &Presented{To: r.To, First: r, Last: r}}
	if len(taken.sameService(s)) > 0 {
		return ""
	}
	for _, list := range [...][]showing{taken.by[r.To], taken.sameHostName(s)} {
		for _, a := range list {
			if aliases && spnHost(a.life.SName) == spnHost(t.SName) || a.life.KVNO == nil || *a.life.KVNO == *t.KVNO || c.otherKey(s, a) != Likely {
				continue
			}
			return fmt.Sprintf(" Tickets for %s, which %s accepts, are made with another account's key (%s, this one %s): unless the service is meant to run as the account that carries %s, the name is on the wrong account, and that is the reason. setspn -Q %s names the account.",
				a.life.SName, c.server(a.p.To), kvnoText(a.life.KVNO), kvnoText(t.KVNO), t.SName, t.SName)
		}
	}
	return ""
}
