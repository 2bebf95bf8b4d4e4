package decode

import (
	"bytes"
	"net/netip"
	"strings"
)

// ldapCarrier is LDAP over TCP (RFC 4511): SASL binds, and the Sicily binds of
// [MS-ADTS] §5.1.1.1.3.
var ldapCarrier = carrier{
	name:  "ldap",
	ports: []uint16{389, 3268},
	probe: probeLDAP,
	open:  func(s *stream) parser { return newLDAP(s) },
}

// Limits of what is waited for before it is read.
const (
	maxLDAPBind  = 1 << 18 // a bind and its answer
	maxLDAPEntry = 1 << 15 // an entry that may be a rootDSE
	quietLDAP    = 256     // messages without a bind before the stream rests
)

// oidStartTLS is the requestName of RFC 4511 §4.14.1.
const oidStartTLS = "1.3.6.1.4.1.1466.20037"

type ldapParser struct {
	framed
	bind     ldapAuth // the bind that waits for its answer
	mech     string   // its SASL mechanism
	id       uint32   // its messageID
	sent     bool     // there was one
	waits    bool     // its answer did not come yet
	leg      bool     // the next bind of mech goes on with the last
	tls      bool     // StartTLS was asked by the message
	tlsID    uint32
	accepted bool // a SASL bind was accepted
	quiet    int  // messages without interest since the last bind
}

func newLDAP(s wire) *ldapParser { return &ldapParser{framed: framed{s: s}} }

func (p *ldapParser) feed(d dir) { p.run(d, p) }

func (p *ldapParser) missed(dir) {}

func (p *ldapParser) resync(d dir, b []byte) (int, bool) {
	for i, c := range b {
		if c != 0x30 {
			continue
		}
		switch _, v := readLDAPHeader(b[i:]); {
		case v == yes, v == needMore && len(b)-i < 16:
			return i, v == yes
		}
	}
	return len(b), false
}

func (p *ldapParser) unit(d dir, b []byte, last bool) int {
	if isTLSRecord(b) {
		p.over = true
		p.s.startTLS(d, 0)
		return 0
	}
	if p.accepted && b[0] != 0x30 { // a SASL security layer
		p.done(d)
		return 0
	}
	h, v := readLDAPHeader(b)
	switch v {
	case needMore:
		return 0
	case no:
		p.lost[d] = true
		return 1
	}
	if p.accepted && d == toServer && h.op != ldapBindRequest {
		p.done(d)
		return 0
	}
	if p.quiet > quietLDAP && h.op != ldapBindRequest {
		p.over = true
		p.s.idle()
		return 0
	}
	most := 0
	switch h.op {
	case ldapBindRequest, ldapBindResponse, ldapExtendedRequest, ldapExtendedResponse:
		most = maxLDAPBind
	case ldapSearchEntry:
		most = maxLDAPEntry
	}
	if h.total > most { // passed over
		p.quiet++
		n := min(h.total, len(b))
		p.skip[d] = uint64(h.total - n)
		return n
	}
	if len(b) < h.total && !last {
		return 0
	}
	n := min(h.total, len(b))
	m, _, ok := readLDAP(b[:n])
	if !ok {
		return n
	}
	switch {
	case m.op == ldapBindRequest && d == toServer:
		p.quiet = 0
		p.request(m)
	case m.op == ldapBindResponse && d == toClient:
		p.response(m, n)
	case m.op == ldapExtendedRequest && d == toServer:
		tag, name, _, _, ok := berElement(m.body)
		p.tls, p.tlsID = ok && tag == 0x80 && string(name) == oidStartTLS, m.id
	case m.op == ldapExtendedResponse && d == toClient && p.tls && p.tlsID == m.id:
		p.tls = false
		if r, ok := readLDAPResult(m.body); ok && r.code == 0 {
			p.over = true
			p.s.startTLS(d, 0)
			p.s.discard(d, n)
		}
	case m.op == ldapSearchEntry && d == toClient:
		p.entry(m)
	}
	return n
}

// done ends reading when traffic goes over an authenticated connection.
func (p *ldapParser) done(d dir) {
	p.over = true
	p.s.afterAuth(d, 0)
	p.s.idle()
}

// request reads a bind. No password is kept.
func (p *ldapParser) request(m ldapMessage) {
	r, ok := readLDAPBind(m)
	if !ok {
		return
	}
	again := p.leg && p.bind == r.auth && p.mech == r.mech
	p.bind, p.mech, p.id, p.sent, p.waits, p.leg = r.auth, r.mech, m.id, true, true, false
	verb := r.mech
	switch r.auth {
	case ldapSimple:
		if len(r.creds) > 0 {
			p.s.attemptOther(toServer, 0, "simple", "bind")
		}
		return
	case ldapSicilyNegotiate, ldapSicilyResponse:
		verb = "Sicily"
	case ldapSASL:
		if !ldapTokenMech(r.mech) {
			if !again {
				p.s.attemptOther(toServer, 0, r.mech, "bind")
			}
			return
		}
	default:
		return
	}
	if len(r.creds) > 0 {
		p.s.token(toServer, r.credsAt, len(r.creds), r.creds, tokenAt{verb: verb})
	}
}

// ldapTokenMech tells whether a SASL mechanism's credentials are tokens.
func ldapTokenMech(mech string) bool {
	switch mech {
	case "GSSAPI", "GSS-SPNEGO", "NTLM":
		return true
	}
	return false
}

// response reads the answer to a bind; n is the length of the message.
func (p *ldapParser) response(m ldapMessage, n int) {
	r, ok := readLDAPResult(m.body)
	if !ok {
		return
	}
	seen := p.sent && p.id == m.id // the request was captured
	key := uint64(0)
	switch {
	case seen:
		p.waits = false
	case p.waits:
		key = 1 // of another bind than the one that waits
	default:
		p.mech = ""
	}
	tok, tokAt := r.creds, m.bodyAt+r.credsAt
	outcome := Refused
	switch {
	case r.code == 14, r.code == 0 && seen && p.bind == ldapSicilyNegotiate:
		outcome = Continue
	case r.code == 0:
		outcome = Accepted
	}
	if seen && (p.bind == ldapSicilyNegotiate || p.bind == ldapSicilyPackages) {
		// SicilyBindResponse has its serverCreds where matchedDN stands.
		tok, tokAt = r.matched, m.bodyAt+r.matchedAt
		if p.bind == ldapSicilyPackages {
			if len(tok) > 0 && printable(tok) {
				p.s.offer(strings.FieldsFunc(text(tok), func(c rune) bool { return c == ';' })...)
			}
			return
		}
	}
	secret := seen && (p.bind == ldapSimple || p.bind == ldapSASL && !ldapTokenMech(p.mech))
	if len(tok) > 0 && !secret {
		verb := p.mech
		switch {
		case key != 0:
			verb = ""
		case p.bind == ldapSicilyNegotiate:
			verb = "Sicily"
		}
		p.s.token(toClient, tokAt, len(tok), tok, tokenAt{verb: verb, key: key})
	}
	if seen && p.bind == ldapAnonymous {
		if outcome == Accepted {
			p.s.anonymous(toClient, 0)
		}
	} else {
		p.s.result(toClient, 0, n, key, Result{Outcome: outcome, Code: r.code, CodeName: ldapResultName(r.code),
			Text: text(bytes.TrimRight(r.message, "\x00"))})
	}
	if key != 0 {
		return
	}
	p.leg = outcome == Continue
	p.accepted = p.accepted || outcome == Accepted && !secret && !(seen && p.bind == ldapAnonymous)
}

// entry reads a rootDSE: what the server offers, and its name.
func (p *ldapParser) entry(m ldapMessage) {
	if tag, dn, _, _, ok := berElement(m.body); !ok || tag != 0x04 || len(dn) > 0 {
		return
	}
	var mechs []string
	ldapAttributes(m.body, func(name, value []byte) {
		switch {
		case strings.EqualFold(string(name), "supportedSASLMechanisms"):
			if len(mechs) < 32 {
				mechs = append(mechs, text(value))
			}
		case strings.EqualFold(string(name), "dnsHostName"):
			if s := text(value); hostLike(s) {
				if _, err := netip.ParseAddr(s); err != nil {
					p.s.name(toClient, 0, s, "ldap")
				}
			}
		}
	})
	if len(mechs) > 0 {
		p.s.offer(mechs...)
	}
}

// probeLDAP knows LDAP by an LDAPMessage whose parts fit each other.
func probeLDAP(up, down []byte, port uint16) verdict {
	u, v := probeLDAPHalf(up, false), probeLDAPHalf(down, true)
	switch {
	case len(up) > 0 && u == no, len(down) > 0 && v == no:
		return no
	case u == yes || v == yes:
		return yes
	}
	return needMore
}

func probeLDAPHalf(b []byte, down bool) verdict {
	h, v := readLDAPHeader(b)
	if v != yes {
		return v
	}
	switch h.op {
	case ldapBindResponse, ldapSearchEntry, 0x65, 0x67, 0x69, 0x6b, 0x6d, 0x6f, 0x73, ldapExtendedResponse, 0x79:
		if down {
			return yes
		}
	default:
		if !down {
			return yes
		}
	}
	return no
}
