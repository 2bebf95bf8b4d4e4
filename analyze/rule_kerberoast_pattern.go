package analyze

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"kerbscope/decode"
)

// kerberoastPattern: tickets for many services that nobody uses.
var kerberoastPattern = &Rule{
	ID:    "kerberoast-pattern",
	Title: "One client collects RC4 tickets of many services",
	Doc: `Within ten minutes one client asked for tickets of ten or more services that user accounts usually own (not HOST, cifs, ldap and the like), offering RC4 only or first, or getting RC4. Such tickets are encrypted with a key made of the service account's
password, which can then be guessed at leisure. The rule counts requests, also refused ones; whether the tickets were ever presented to their services is told beside it.`,
	Rivals: []string{
		`A monitoring server or portal that does visit ten services: it presents its tickets, usually offers AES, and does it every day.`,
		`A client limited to RC4 by policy (client-offers-no-aes) on a busy terminal server: the services are then visited.`,
		`An inventory tool that checks SPNs: its owner knows.`,
	},
	Fix: []string{
		`Find the host at that address and what runs on it; on the DCs events 4769 with ticket encryption type 0x17 name the account that asked`,
		`Give service accounts long random passwords (group managed service accounts) and AES only: Set-ADUser NAME -KerberosEncryptionType AES128,AES256`,
		`Change the passwords of the services named in the evidence`,
	},
	Events:   []Event{{Host: "DC", Log: "Security", ID: "4769", Meaning: "many service names from one client, ticket encryption type 0x17"}},
	Refs:     []string{"RFC 4120 §3.3", "[MS-KILE] §3.3.5.7"},
	Since:    "0.1.0",
	Severity: Note,
	Check:    checkKerberoastPattern,
}

// hostClasses are service classes that computer accounts own ([MS-KILE] lets
// HOST stand for most of them).
var hostClasses = []string{"host", "cifs", "ldap", "gc", "dns", "termsrv", "rpcss", "rpc", "wsman", "restrictedkrbhost", "krbtgt", "kadmin", "dfsr-12f9a27c-bf97-4787-9364-d31b6c55eb04", "smtpsvc", "nfs"}

func checkKerberoastPattern(c *Case) []Finding {
	byFrom := map[netip.Addr][]*Row{}
	var order []netip.Addr
	for _, w := range c.Rows(decode.TGS) {
		r := w.Record()
		if r.Req.SName == "" || slices.Contains(hostClasses, lower(spnClass(r.Req.SName))) || isComputer(r.Req.SName) || r.Req.ForUser != "" {
			continue
		}
		weak := len(r.Req.Etypes) > 0 && (!hasAES(r.Req.Etypes) || weakFirst(r.Req.Etypes)) || r.Issued != nil && isWeak(r.Issued.Etype)
		if !weak {
			continue
		}
		if byFrom[r.From.Addr()] == nil {
			order = append(order, r.From.Addr())
		}
		byFrom[r.From.Addr()] = append(byFrom[r.From.Addr()], w)
	}
	used := map[string]bool{}
	for _, t := range c.Tickets() {
		if len(t.Presented) > 0 {
			used[lower(t.SName)] = true
		}
	}
	var found []Finding
	for _, from := range order {
		rows := byFrom[from]
		slices.SortStableFunc(rows, func(a, b *Row) int { return cmp.Compare(a.First, b.First) })
		name := func(w *Row) string { return lower(w.Record().Req.SName) }
		window, names, unused := densest(rows, name, func(w *Row) bool { return !used[name(w)] })
		if names < patternNames || unused*5 < names*4 {
			continue
		}
		f := c.about(window, "etypes", "sname", "issued.etype", "error_code")
		f.Severity, f.Confidence, f.FaultAt = Note, Possible, nil
		f.Client = window[0].Record().Client
		if f.Client == "" {
			f.Client = from.String()
		}
		f.Summary = fmt.Sprintf("%s asked for RC4 tickets of %d services within ten minutes; %d of them it was not seen to use.", c.who(window[0].Record()), names, unused)
		f.Cause = "Tickets are collected in order to guess the service accounts' passwords, or a program checks services without visiting them."
		aes := 0
		for _, w := range window {
			if r := w.Record(); r.Issued != nil && isAES(r.Issued.Etype) {
				aes++
			}
		}
		if aes > 0 {
			f.Cause += fmt.Sprintf(" The KDC gave AES tickets for %d of them all the same; guessing from those is much slower.", aes)
		}
		found = append(found, f)
	}
	return found
}
