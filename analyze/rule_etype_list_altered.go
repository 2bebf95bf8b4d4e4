package analyze

import (
	"fmt"
	"slices"

	"kerbscope/decode"
)

// etypeListAltered: one message, two contents, at two points of the network.
var etypeListAltered = &Rule{
	ID:    "etype-list-altered",
	Title: "An encryption type list was changed on its way",
	Doc: `Two captures hold the same request (kind, client name and nonce), or the KDC's answer to one, with different lists of encryption types. The request
of a client travels in clear and unsigned until preauthentication, so whoever stands between client and KDC can take AES out of it and make both sides agree on RC4. Nothing in Kerberos rewrites
these lists by design: no router, firewall or load balancer has a reason to.`,
	Rivals: []string{
		`The client sent two requests, of which each capture missed one: nonces are random 31-bit numbers that a client makes anew for another list, and when one capture holds both lists, the second must have been answered while the first still waited; then the finding is likely.`,
		`A capture damaged the bytes: then the message would not parse, or only one byte would differ; the evidence shows both lists in full.`,
		`A proxy that asks for the client in its own words (KDC proxy with its own library): it would use a nonce of its own.`,
	},
	Fix: []string{
		`Compare the captures hop by hop to find the box between them that changes the request; look at ARP tables and default gateways of client and KDC (arp -a, Get-NetNeighbor): an attacker on the same network usually got there by ARP or router spoofing`,
		`Treat the password of the account as exposed to guessing: change it`,
		`Protect logons: FAST (Group Policy "KDC support for claims, compound authentication and Kerberos armoring", "Fail unarmored authentication requests"), and put the accounts into Protected Users, which never use RC4`,
		`Disable RC4 on the accounts, so that a changed list leads to an error instead: Set-ADUser NAME -KerberosEncryptionType AES128,AES256`,
	},
	Refs:     []string{"RFC 4120 §10 (unauthenticated plaintext)", "RFC 6113 §5.4 (FAST)", "RFC 6806 §11 (pre-authentication replay and downgrade)"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkEtypeListAltered,
}

func checkEtypeListAltered(c *Case) []Finding {
	var found []Finding
	for _, r := range c.Records() {
		if h := r.OtherHint; h != nil {
			f := c.aboutRecords([]*Record{r}, "hint.etype_info2")
			c.citeFrame(&f, h.Frame, "e_data.method_data.etype_info2", keysText(h.Info2), "", "")
			f.Confidence, f.FaultAt = Certain, nil
			f.Summary = fmt.Sprintf("The KDC's answer to %s names %s in %s and %s in %s.", c.who(r), keysText(r.Hint.Info2), c.CaptureName(r.Hint.Frame), keysText(h.Info2), c.CaptureName(h.Frame))
			f.Cause = "Something between the two capture points rewrites the KDC's list of key types."
			found = append(found, f)
		}
	}
	for _, p := range c.alteredPairs() {
		r, o := p[0], p[1]
		if shareCapture(r, o) {
			if f, ok := c.bothLegs(r, o); ok {
				found = append(found, f)
			}
			continue
		}
		f := c.aboutRecords([]*Record{r, o}, "etypes")
		f.Confidence, f.FaultAt = Certain, nil
		f.Summary = fmt.Sprintf("The request of %s asks for %s in %s and for %s in %s: the same nonce, another list.", c.who(r),
			shortEtypes(r.Req.Etypes), c.CaptureName(r.Req.Frame), shortEtypes(o.Req.Etypes), c.CaptureName(o.Req.Frame))
		f.Cause = "Something between the two capture points rewrites the client's list of encryption types."
		f.fill = []string{"NAME", bare(r.Client)}
		found = append(found, f)
	}
	return found
}

// bothLegs is the finding about two sides of a host that changes requests, in
// one capture: the second request is answered while the first still waits.
func (c *Case) bothLegs(r, o *Record) (Finding, bool) {
	answered := func(x *Record) bool { return x.Reply != nil || x.Error != nil || x.Hint != nil }
	if o.Start < r.Start {
		r, o = o, r
	}
	if !answered(r) || !answered(o) || r.Start >= o.Start || o.End > r.End {
		return Finding{}, false
	}
	f := c.aboutRecords([]*Record{r, o}, "etypes")
	f.Confidence, f.FaultAt = Likely, nil
	f.Summary = fmt.Sprintf("The request of %s asks for %s, and while it waits the same request with the same nonce asks for %s: both are in %s.", c.who(r),
		shortEtypes(r.Req.Etypes), shortEtypes(o.Req.Etypes), c.CaptureName(o.Req.Frame))
	f.Cause = "The capture seems to hold both sides of a host that rewrites the client's list of encryption types: a client that asks for others takes another nonce."
	f.fill = []string{"NAME", bare(r.Client)}
	return f, true
}

// alteredPairs are pairs of exchanges that are one in truth: the same request
// with two lists, mostly in two captures.
func (c *Case) alteredPairs() (pairs [][2]*Record) {
	type question struct {
		nonce uint32
		cname string
	}
	same := map[question][]*Record{}
	var order []question
	for _, r := range c.Records() {
		if r.Kind == decode.AS && r.Req.Nonce != 0 && r.Req.CName != "" && len(r.Req.Etypes) > 0 {
			q := question{r.Req.Nonce, lower(r.Req.CName)}
			if same[q] = append(same[q], r); len(same[q]) == 2 {
				order = append(order, q)
			}
		}
	}
	for _, q := range order {
		r := same[q][0]
		for _, o := range same[q][1:] {
			if slices.Equal(r.Req.Etypes, o.Req.Etypes) || !slices.Equal(r.Req.PADataTypes, o.Req.PADataTypes) || o.Req.Time-r.Req.Time > atOnce {
				continue
			}
			pairs = append(pairs, [2]*Record{r, o})
			break
		}
	}
	return pairs
}

// alteredRequests are the exchanges whose list of etypes is not the one that
// the client sent, or not the one that the KDC saw: which of the two, nobody
// can tell, so no rule may judge client or KDC by it.
func (c *Case) alteredRequests() map[*Record]bool {
	type question struct {
		nonce uint32
		cname string
	}
	of := func(r *Record) question { return question{r.Req.Nonce, lower(r.Req.CName)} }
	m := map[*Record]bool{}
	altered := map[question]bool{}
	for _, p := range c.alteredPairs() {
		m[p[0]], m[p[1]] = true, true
		altered[of(p[0])] = true
	}
	if len(altered) > 0 { // as still others saw it: behind NAT, in a third capture
		for _, r := range c.Records() {
			if r.Kind == decode.AS && r.Req.Nonce != 0 && altered[of(r)] {
				m[r] = true
			}
		}
	}
	return m
}

// shareCapture tells whether one capture holds steps of both.
func shareCapture(a, b *Record) bool {
	return slices.ContainsFunc(a.Steps, func(s Step) bool {
		return slices.ContainsFunc(b.Steps, func(o Step) bool { return s.Frame.Capture() == o.Frame.Capture() })
	})
}
