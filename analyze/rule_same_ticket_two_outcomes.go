package analyze

import (
	"fmt"
)

// sameTicketTwoOutcomes: accepted here, refused there.
var sameTicketTwoOutcomes = &Rule{
	ID:    "same-ticket-two-outcomes",
	Title: "The same ticket was accepted at one place and refused at another",
	Doc: `One ticket, identified by the hash of its cipher, was accepted by one acceptor and refused by another, or accepted and later refused by the
same one. Whoever accepted it proves that the KDC, the service name and the account's key are right. The refusing endpoint holds
other keys, is another member of a cluster, or changed its keys in between. When both are endpoints of one host,
key-fault-one-identity says more.`,
	Rivals: []string{
		`The refusal is of a later check (34 replay, 37 skew, 32 expired, 36, 38): those prove that the ticket was decrypted; not counted here.`,
		`A policy or a missing right at the refusing endpoint: without a Kerberos error it looks the same, and the confidence is "likely" at most.`,
		`The acceptance was by a service that does not check (an acceptor without mutual authentication whose carrier says yes to everything): counted only with an AP-REP, or a clear yes of the carrier after the token.`,
		`A load balancer sends the two connections to two hosts behind one address: the fault is then one of the hosts; the endpoint is the same and the times differ.`,
	},
	Fix: []string{
		`Compare the two services' identities: Get-CimInstance Win32_Service | select Name,StartName; IIS: appcmd list apppool /text:processModel.userName, and useAppPoolCredentials`,
		`Cluster or farm: all members must run the service under one account (a group managed service account) that carries the SPN: setspn -Q SPN`,
		`Keytabs: klist -kte FILE on both hosts: the same kvno and etypes; copy the newer one`,
	},
	Events:   []Event{{Host: "client", Log: "System", ID: "Kerberos 4", Meaning: "KRB_AP_ERR_MODIFIED with server and SPN"}, {Host: "service host", Log: "Security", ID: "4625", Meaning: "failed network logon with NULL SID"}},
	Refs:     []string{"RFC 4120 §3.2.3", "[MS-KILE] §3.4.5"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkSameTicketTwoOutcomes,
}

func checkSameTicketTwoOutcomes(c *Case) []Finding {
	var found []Finding
	for _, group := range groupShowings(c.showings(refused), byShownService) {
		if _, control := c.control(group); control != nil {
			continue // key-fault-one-identity says more
		}
		s, control := c.acceptedElsewhere(group)
		if control == nil {
			continue
		}
		r, ok := s.p.First, control.p.First
		f := c.aboutShowings(group, "ticket.hash", "ticket.etype", "ticket.kvno", "error_code", "carrier_result.code")
		f.Confidence = Likely
		if keyRefused(r) && (ok.To == r.To || sameTime(s, *control)) {
			f.Confidence = Certain
		}
		f.FaultAt = []Fault{c.faultServer(r)}
		c.cite(&f, ok, "ticket.hash", "ap_rep", "carrier_result.code")
		if ok.To == r.To {
			f.Summary = fmt.Sprintf("%s accepted the ticket for %s (%s), and refused the very same ticket %s later with %s.", c.server(r.To),
				s.life.SName, ticketText(&s.life.TicketRef), seconds(r.Start-ok.Start), refusalText(r))
			f.Cause = "The acceptor's keys changed in between, or several hosts or processes share this endpoint and one of them has other keys."
		} else {
			f.Summary = fmt.Sprintf("%s refused the ticket for %s (%s) %s with %s; %s accepted the very same ticket.", c.server(r.To),
				s.life.SName, ticketText(&s.life.TicketRef), nTimes(shownTimes(group)), refusalText(r), c.server(ok.To))
			f.Cause = fmt.Sprintf("KDC, service name and account are right, as %s proves. The refusing host holds other keys: its service runs as another account, or its keytab is another one.", c.server(ok.To))
		}
		switch {
		case ok.To != r.To && !sameTime(s, *control):
			f.Cause += fmt.Sprintf(" But %s accepted it at another time, %s: keys may have been changed in between.", c.server(ok.To), howFarOff(ok, r))
		case f.Confidence == Likely:
			f.Cause += " The refusal carries no Kerberos error, so a policy of that service is not excluded."
		}
		f.fill = []string{"SPN", s.life.SName}
		found = append(found, f)
	}
	return found
}

// acceptedElsewhere finds the refused ticket of the group that the same
// endpoint accepted before, or another one. The latter counts only with a
// KRB-ERROR: the carrier alone may have come to other thoughts.
func (c *Case) acceptedElsewhere(group []showing) (showing, *showing) {
	for _, here := range [...]bool{true, false} {
		for _, s := range group {
			for _, p := range s.life.Presented {
				a := showing{s.life, p}
				if !accepted(s.life, p) || (p.To == s.p.To) != here {
					continue
				}
				if here && keyRefused(s.p.First) && p.First.Start < s.p.First.Start || !here && !keyGone(s, a) {
					return s, &a
				}
			}
		}
	}
	return showing{}, nil
}
