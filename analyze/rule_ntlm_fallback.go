package analyze

import (
	"fmt"
	"net/netip"

	"kerbscope/decode"
)

// ntlmFallback: a symptom, never a cause.
var ntlmFallback = &Rule{
	ID:    "ntlm-fallback",
	Title: "The client fell back to NTLM",
	Doc: `A client authenticated to a service with NTLM although Kerberos was tried or offered: after a Kerberos token that was refused, after the KDC gave no ticket, or because no ticket was ever
asked for (the target is an IP address or a name without SPN). It is a symptom: the Kerberos failure before it is the cause, and named when it
is in the capture. Users notice nothing until NTLM is switched off, or delegation is needed. Where the server refused NTLM as well, the finding says with what, and is an error if no
attempt got through.`,
	Rivals: []string{
		`NTLM refused for a wrong password or a missing right, not because it is switched off: STATUS_NTLM_BLOCKED and STATUS_NOT_SUPPORTED say which; other words leave it open.`,
		`The client is not in the domain or has no domain logon: it offers NTLM only; then nothing of Kerberos precedes it and the finding says "never tried".`,
		`The service offers NTLM only: then it is no fallback and not counted.`,
		`NTLM by configuration of the client (curl --ntlm, a saved password): the client offers no Kerberos; told as "never tried".`,
	},
	Fix: []string{
		`Repair what the finding names as its cause; NTLM then goes away by itself`,
		`Never tried: connect by the registered name instead of the IP address, and see setspn -Q SERVICE/HOST`,
		`Watch NTLM before forbidding it: policy "Network security: Restrict NTLM: Audit incoming NTLM traffic", log Microsoft-Windows-NTLM/Operational`,
	},
	Events:   []Event{{Host: "service host", Log: "Security", ID: "4624", Meaning: "logon with package NTLM"}, {Host: "service host", Log: "Microsoft-Windows-NTLM/Operational", ID: "8001-8004", Meaning: "NTLM audit"}},
	Refs:     []string{"RFC 4178 (SPNEGO)", "[MS-SPNG] §3.1.5", "[MS-NLMP]"},
	Since:    "0.1.0",
	Severity: Warning,
	Check:    checkNTLMFallback,
}

func checkNTLMFallback(c *Case) []Finding {
	var found []Finding
	var words []ntlmWords // beside found
	at := map[string]int{}
	byClient := map[netip.Addr][]*Record{}
	for _, r := range c.Records() {
		byClient[r.From.Addr()] = append(byClient[r.From.Addr()], r)
	}
	for _, s := range c.Sessions() {
		for i := range s.Attempts {
			a := &s.Attempts[i]
			if a.NTLM.Frame == 0 {
				continue
			}
			why, cause := c.beforeNTLM(s, a, byClient[s.Client.Addr()])
			if why == nothingBefore {
				continue
			}
			k := fmt.Sprint(s.Client.Addr(), s.Server, why)
			if n, ok := at[k]; ok {
				found[n].Count++
				found[n].last = max(found[n].last, a.Begin.Time)
				words[n].add(s, a)
				continue
			}
			at[k] = len(found)
			f := Finding{Server: &Endpoint{s.Server.Addr().String(), s.Server.Port()}, Count: 1, first: a.Begin.Time, last: a.Begin.Time}
			f.Subject = Subject{ClientIP: s.Client.Addr().String(), Server: s.Server.String()}
			c.citeFact(&f, a.NTLM, "ntlm", "negotiate")
			f.Severity, f.Confidence = Warning, Likely
			f.Summary = fmt.Sprintf("%s used NTLM instead of Kerberos at %s", c.HostName(s.Client.Addr()), c.server(s.Server))
			f.Cause = "NTLM is the symptom. "
			if cause != nil {
				f.Client, f.Subject.Client = cause.Client, cause.Client
				f.Service, f.Subject.Service = cause.Service, cause.Service
				if cause.Presented != nil && cause.Presented.Hash != "" {
					f.Subject.Tickets = []string{cause.Presented.Hash}
				}
				c.cite(&f, cause, "error_code", "carrier_result.code", "request", "ticket.sname")
			}
			switch why {
			case refusedBefore:
				f.Confidence = Certain
				f.Summary += fmt.Sprintf(", after its ticket for %s was refused with %s.", serviceText(cause), refusalText(cause))
				f.Cause += "The refusal of the Kerberos ticket is the reason."
			case noTicketBefore:
				f.Summary += fmt.Sprintf(", after the KDC gave no ticket for %s: %s.", serviceText(cause), refusalText(cause))
				f.Cause += "The client got no ticket."
			case silentBefore:
				f.Summary += ", after a KDC did not answer it."
				f.Cause += "The client could not reach a KDC."
			case neverTried:
				f.Severity, f.Confidence = Note, Possible
				f.Summary += ", and no Kerberos for it was seen."
				f.Cause += "Kerberos was on offer and never tried in view of the captures: the target was given as an IP address or a name without SPN, or the client prefers NTLM."
			}
			found = append(found, f)
			words = append(words, ntlmWords{})
			words[len(words)-1].add(s, a)
		}
	}
	for i := range found {
		c.tellNTLM(&found[i], &words[i])
	}
	return found
}

// ntlmWords are what the server said to NTLM.
type ntlmWords struct {
	refused, other uint64
	first          *Record // stands for the connection of the first refusal
}

func (w *ntlmWords) add(s *SessionFact, a *AttemptFact) {
	if a.Outcome() != decode.Refused {
		w.other++
		return
	}
	if w.refused++; w.first == nil {
		w.first = &Record{Kind: decode.AP, From: s.Client, To: s.Server, Carrier: []string{s.Carrier}, Word: a.Word}
	}
}

// tellNTLM adds to a finding that NTLM was refused: then the fallback did not help.
func (c *Case) tellNTLM(f *Finding, w *ntlmWords) {
	if w.first == nil {
		return
	}
	c.cite(f, w.first, "carrier_result.code")
	often := nTimes(w.refused)
	if w.other == 0 {
		often = "every time"
		if w.refused == 1 {
			often = "as well"
		}
		if f.Severity == Warning {
			f.Severity = Error
		}
	}
	f.Summary += fmt.Sprintf(" The server refused NTLM %s: %s.", often, refusalText(w.first))
	switch name := w.first.Word.CodeName; name {
	case "STATUS_NTLM_BLOCKED", "STATUS_NOT_SUPPORTED":
		f.Cause += " NTLM is switched off there, so Kerberos is the only way in."
	default:
		f.Cause += " NTLM did not help: it is switched off there, or account, password or rights are wrong."
	}
}

// What came before an NTLM token.
type beforeNTLM uint8

const (
	nothingBefore  beforeNTLM = iota // no fallback: nothing tells that Kerberos was possible
	refusedBefore                    // a Kerberos token was refused there
	noTicketBefore                   // the KDC gave no ticket for that host
	silentBefore                     // no KDC answered
	neverTried
)

const fallbackWithin = int64(30e9)

// beforeNTLM is why a client may have turned to NTLM, and the one of its
// exchanges that shows it.
func (c *Case) beforeNTLM(s *SessionFact, a *AttemptFact, records []*Record) (beforeNTLM, *Record) {
	client, when := s.Client.Addr(), a.NTLM.Time
	near := func(r *Record) bool {
		return r.From.Addr() == client && r.Start <= when && when-r.End <= fallbackWithin
	}
	var noTicket, silent *Record
	kerberos := false
	for _, r := range c.RecordsFrom(client) {
		if r.From.Addr() != client {
			continue
		}
		kerberos = kerberos || r.Ending == decode.OK
		if !near(r) {
			continue
		}
		switch {
		case r.Kind == decode.AP && r.To == s.Server && failed(r.Ending) && !r.Healed:
			return refusedBefore, r
		case r.Kind == decode.TGS && r.Ending == decode.Failed && !r.Healed && c.isFor(r, s.Server.Addr()):
			noTicket = r
		case r.Kind != decode.AP && r.Ending == decode.Unanswered && !r.Healed:
			silent = r
		}
	}
	switch {
	case noTicket != nil:
		return noTicketBefore, noTicket
	case silent != nil:
		return silentBefore, silent
	case kerberos && offersKerberos(s, a):
		return neverTried, nil
	}
	return nothingBefore, nil
}

// isFor tells whether a ticket was asked for a service at addr.
func (c *Case) isFor(r *Record, addr netip.Addr) bool {
	host := spnHost(r.Service)
	return host == addr.String() || c.isHostName(host, addr)
}

// offersKerberos tells whether either side put Kerberos on offer.
func offersKerberos(s *SessionFact, a *AttemptFact) bool {
	for _, o := range s.Offered {
		switch o {
		case "GSSAPI", "Negotiate", "Kerberos", "GSS-SPNEGO":
			return true
		}
	}
	for _, oid := range a.MechTypes {
		if oid == "1.2.840.113554.1.2.2" || oid == "1.2.840.48018.1.2.2" {
			return true
		}
	}
	return false
}
