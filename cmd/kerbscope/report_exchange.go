package main

import (
	"fmt"
	"kerbscope/analyze"
	"strconv"
	"strings"
)

// exchangeWords says what happened in an exchange, for the table of a finding.
func (t *textReport) exchangeWords(x *analyze.Exchange, f *analyze.Finding) string {
	var s string
	switch x.Kind {
	case "AS":
		s = "logon of " + orSomebody(escape(withoutRealm(x.Client))) + " at " + t.names.endpoint(host(x.KDC), nil)
	case "TGS":
		s = ticketFor(x) + " from " + t.names.endpoint(host(x.KDC), nil)
	case "AP":
		s = map[string]string{"ok": "accepted by ", "error": "refused by ", "refused": "refused by "}[x.Outcome]
		if s == "" {
			s = "shown to "
		}
		s += t.names.endpoint(x.Server, x.Carrier)
		if f.Service != x.Service {
			s += ", " + ticketFor(x)
		}
	default:
		s = "password change of " + orSomebody(escape(withoutRealm(x.Client)))
	}
	return s + answerWords(x)
}

// stepWords says in one sentence who did what in an exchange, for the story.
func (t *textReport) stepWords(x *analyze.Exchange) string {
	who := escape(withoutRealm(x.Client))
	if who == "" && x.ClientAddress != nil {
		who = t.names.host(x.ClientAddress.Address)
	}
	who, kdc := orSomebody(who), t.names.endpoint(host(x.KDC), nil)
	var s string
	switch {
	case x.Kind == "AS" && x.Outcome == "ok":
		s = who + " logs on at " + kdc
	case x.Kind == "AS":
		s = who + " tries to log on at " + kdc
	case x.Kind == "TGS" && x.Outcome == "ok" && t.referral(x) != "":
		s = who + " asks " + kdc + " for a " + ticketFor(x) + " and is referred to " + escape(t.referral(x))
	case x.Kind == "TGS" && x.Outcome == "ok":
		s = who + " gets a " + ticketFor(x) + " from " + kdc
	case x.Kind == "TGS":
		s = who + " asks " + kdc + " for a " + ticketFor(x)
	case x.Kind == "AP" && x.Outcome == "ok":
		s = who + " is accepted by " + t.names.endpoint(x.Server, x.Carrier) + " with a " + ticketFor(x)
	case x.Kind == "AP" && (x.Outcome == "error" || x.Outcome == "refused"):
		s = who + " is refused by " + t.names.endpoint(x.Server, x.Carrier) + " with a " + ticketFor(x)
	case x.Kind == "AP":
		s = who + " shows " + t.names.endpoint(x.Server, x.Carrier) + " a " + ticketFor(x)
	default:
		at := x.Server
		if at == nil {
			at = x.KDC
		}
		s = who + " changes a password at " + t.names.endpoint(host(at), nil)
	}
	if x.Kind == "AS" && x.Service != "" && !strings.HasPrefix(x.Service, "krbtgt/") {
		s += " for a " + ticketFor(x)
	}
	return s + answerWords(x)
}

// referral is the realm whose TGT a KDC issued when another service was asked
// for (RFC 6806 §8).
func (t *textReport) referral(x *analyze.Exchange) string {
	if x.TicketHash == "" || x.Service == "" || strings.HasPrefix(x.Service, "krbtgt/") {
		return ""
	}
	for i := range t.r.Tickets {
		if k := &t.r.Tickets[i]; k.Hash == x.TicketHash {
			realm, ok := strings.CutPrefix(k.SName, "krbtgt/")
			if !ok {
				return ""
			}
			return realm
		}
	}
	return ""
}

func host(e *analyze.Endpoint) *analyze.Endpoint {
	if e == nil {
		return nil
	}
	return &analyze.Endpoint{Address: e.Address}
}

// answerWords says how an exchange came out.
func answerWords(x *analyze.Exchange) string {
	ticket := ticketWords(x.TicketEtype, x.TicketKVNO)
	if ticket != "" && x.Kind == "AS" { // or it reads as the client's own key
		ticket = "ticket " + ticket
	}
	switch {
	case x.ErrorCode != nil:
		return ": " + codeWords(x)
	case x.Refusal != nil:
		word := x.Refusal.CodeName
		if word == "" && x.Refusal.Code != nil {
			word = strconv.FormatInt(*x.Refusal.Code, 10)
		}
		if text := clip(escape(x.Refusal.Text), 40); text != "" && x.Refusal.Text != word {
			word += ` "` + text + `"`
		}
		return ": " + word + ", without a Kerberos error"
	case x.Outcome == "ok" && ticket != "" && (x.Kind == "AS" || x.Kind == "TGS"):
		return " (" + ticket + ")"
	case x.Outcome == "unanswered":
		return ": no answer"
	case x.Outcome == "not-captured":
		return ": the answer is not in the capture"
	case x.Outcome == "unknown":
		return ": the answer does not show"
	}
	return ""
}

func codeWords(x *analyze.Exchange) string {
	if x.ErrorCodeName == "" {
		return fmt.Sprintf("KRB-ERROR %d", *x.ErrorCode)
	}
	return fmt.Sprintf("%s (%d)", x.ErrorCodeName, *x.ErrorCode)
}

func orSomebody(s string) string {
	if s == "" {
		return "an unnamed client"
	}
	return s
}

// ticketFor is "ticket for SERVICE", or "ticket" when the service does not show.
func ticketFor(x *analyze.Exchange) string {
	if x.Service == "" {
		return "ticket"
	}
	return "ticket for " + escape(withoutRealm(x.Service))
}
