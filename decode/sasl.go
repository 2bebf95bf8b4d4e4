package decode

import (
	"bytes"

	"kerbscope/decode/gss"
)

// A sasl follows the authentications of a connection whose protocol carries
// SASL (RFC 4422), one at a time: the legs, and the server's word.
type sasl struct {
	w         wire
	verb      string // "AUTH GSSAPI"; empty: its start was not seen
	mech      string // as the client named it, in upper case
	secret    bool   // the mechanism's legs are not tokens and may hold passwords
	told      bool   // a token of it was told of
	open      bool   // an authentication waits for the server's word
	cancelled bool   // the client gave it up
	failed    bool   // a token of the server said no
	accepted  bool
	buf       []byte // the decoded token
}

// tokenMech tells whether the legs of a SASL mechanism are tokens.
func tokenMech(mech string) bool {
	switch mech {
	case "GSSAPI", "GSS-SPNEGO", "NTLM", "EXCHANGEAUTH", "NEGOTIATE":
		return true
	}
	return false
}

// start takes the client's word, at off, that an authentication by mech
// begins. verb is the carrier's command.
func (a *sasl) start(off int, verb, mech string) {
	a.open, a.told, a.cancelled, a.failed = true, false, false, false
	a.verb, a.mech, a.secret = verb, mech, !tokenMech(mech)
	if mech == "" {
		return
	}
	if verb != "" && verb != mech {
		a.verb = verb + " " + mech
	}
	if a.secret {
		a.told = true
		a.w.attemptOther(toServer, off, mech, a.verb)
	}
}

// leg takes base64 from the client: an initial response, the answer to a
// challenge, "*" to give up (RFC 4954 §4, RFC 9051 §6.2.2), "=" for a response
// that is there and empty.
func (a *sasl) leg(off int, enc []byte) {
	a.open = true
	if len(enc) == 1 && enc[0] == '*' {
		a.cancelled = true
		return
	}
	if a.secret {
		return
	}
	tok, n := decodeBase64(a.buf, enc)
	a.buf = tok
	a.rawLeg(off, n, tok)
}

// rawLeg takes a leg of the client that stands at off to off+n.
func (a *sasl) rawLeg(off, n int, tok []byte) {
	a.open = true
	if a.secret || len(tok) == 0 {
		return
	}
	if a.verb == "" && gss.Parse(tok).Kind == gss.Other {
		return // of an authentication whose start was not seen: perhaps a password
	}
	a.told = true
	a.w.token(toServer, off, n, tok, tokenAt{verb: a.verb})
}

// challenge takes base64 from the server, which may be a text for people or
// nothing, and tells whether it was a token.
func (a *sasl) challenge(off int, enc []byte) bool {
	if a.secret {
		return false
	}
	tok, n := decodeBase64(a.buf, enc)
	a.buf = tok
	if n < 16 || n < len(enc) && gss.Parse(tok).Kind == gss.Other {
		return false
	}
	return a.rawChallenge(off, n, tok)
}

// rawChallenge takes a leg of the server that stands at off to off+n.
func (a *sasl) rawChallenge(off, n int, tok []byte) bool {
	if a.secret || len(tok) == 0 {
		return false
	}
	t := gss.Parse(tok)
	if t.Kind == gss.Other && a.mech != "GSSAPI" {
		return false
	}
	a.failed = a.failed || rejects(&t)
	a.w.token(toClient, off, n, tok, tokenAt{verb: a.verb})
	return true
}

// more takes the server's word, n bytes long, that it waits for a leg.
func (a *sasl) more(n int, r Result) {
	a.open = true
	r.Outcome = Continue
	a.w.result(toClient, 0, n, 0, r)
}

// word takes the server's last word, n bytes long. A refusal that answers the
// client's own giving up says nothing about what the client had sent.
func (a *sasl) word(n int, r Result) {
	if r.Outcome == Accepted {
		a.accepted = true
	}
	if r.Outcome == Accepted || !a.cancelled || a.failed {
		if a.mech != "" && !a.told { // before its first token
			a.w.attemptOther(toClient, 0, a.mech, a.verb)
		}
		a.w.result(toClient, 0, n, 0, r)
	}
	a.reset()
}

// reset forgets the authentication in hand.
func (a *sasl) reset() {
	a.open, a.told, a.secret, a.cancelled, a.failed, a.verb, a.mech = false, false, false, false, false, "", ""
}

// isToken tells whether a line is the base64 of a token by its looks.
func (a *sasl) isToken(line []byte) bool {
	if !beginsToken(line) {
		return false
	}
	tok, n := decodeBase64(a.buf, line)
	a.buf = tok
	if n < len(line) {
		return false
	}
	switch gss.Parse(tok).Kind {
	case gss.Kerberos, gss.NTLM, gss.State, gss.Wrap, gss.IAKERB, gss.NegoEx:
		return true
	}
	return false
}

// beginsToken tells whether a line may be the base64 of a token by its first
// letters.
func beginsToken(line []byte) bool {
	if len(line) < 24 {
		return false
	}
	switch string(line[:2]) {
	case "YI", "YH", "oY", "oI", "oH", "bo", "Tl": // 60 8x, a1 8x, 6e 8x, "NTLM"
		return true
	}
	return false
}

// tokenLine is isToken without a connection.
func tokenLine(line []byte) bool { return beginsToken(line) && new(sasl).isToken(line) }

// saslPassword tells whether a word is a mechanism without tokens.
func saslPassword(mech string) bool {
	switch mech {
	case "LOGIN", "PLAIN", "CRAM-MD5", "DIGEST-MD5", "XOAUTH2", "EXTERNAL", "OAUTHBEARER", "SCRAM-SHA-1", "SCRAM-SHA-256":
		return true
	}
	return false
}

// mechList takes the words of a list of mechanisms, in upper case and each once.
func mechList(to []string, words []byte) []string {
next:
	for _, w := range bytes.Fields(words) {
		m := asciiUpper(w)
		for _, c := range to {
			if c == m {
				continue next
			}
		}
		if len(to) < 32 {
			to = append(to, m)
		}
	}
	return to
}
