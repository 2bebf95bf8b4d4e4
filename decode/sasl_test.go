package decode

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// told is the event of a token.
func told(d dir, what, verb string, tok []byte) string {
	return fmt.Sprintf("%s token %s key=0 verb=%q len=%d", arrow[d], what, verb, len(tok))
}

// splitting feeds fuzz input without gaps whole and in pieces, and wants the
// same events.
func splitting(t *testing.T, open func(wire) parser, b []byte) {
	t.Helper()
	hostile(t, open, b)
	var turns []turn
	for len(b) > 3 && len(turns) < 64 {
		n := min(int(b[1])<<4|int(b[2])>>4, len(b)-3)
		turns = append(turns, turn{d: dir(b[0] & 1), data: b[3 : 3+n]})
		b = b[3+n:]
	}
	whole := play(open, 0, turns...)
	for _, size := range []int{1, 3, 50} {
		require.Equal(t, whole, play(open, size, turns...), "in pieces of %d", size)
	}
}

// TestSASL holds what is not of one carrier: giving up, and what a password is.
func TestSASL(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(a *sasl)
		want []string
	}{
		{"given up before a word of the server", func(a *sasl) {
			a.start(0, "AUTH", "GSSAPI")
			a.leg(0, []byte("*"))
			a.word(0, Result{Outcome: Refused, Code: 501})
		}, nil},
		{"given up after the server's reject", func(a *sasl) {
			a.start(0, "AUTH", "GSS-SPNEGO")
			a.rawChallenge(0, 0, spnegoNo)
			a.leg(0, []byte("*"))
			a.word(0, Result{Outcome: Refused, Code: 501})
		}, []string{told(toClient, "state reject", "AUTH GSS-SPNEGO", spnegoNo), `S other GSS-SPNEGO verb="AUTH GSS-SPNEGO"`, `S refused code=0x1f5 name="" text="" key=0`}},
		{"a password's legs", func(a *sasl) {
			a.start(0, "AUTH", "PLAIN")
			a.leg(0, []byte(b64(gssAPReq)))
			a.rawLeg(0, 0, gssAPReq)
			a.rawChallenge(0, 0, gssAPRep)
		}, []string{`C other PLAIN verb="AUTH PLAIN"`}},
		{"an empty response", func(a *sasl) {
			a.start(0, "AUTH", "GSSAPI")
			a.leg(0, []byte("="))
			a.leg(0, nil)
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fakeWire{}
			f.in = [2][]byte{make([]byte, 4096), make([]byte, 4096)}
			c.do(&sasl{w: loose{f}})
			assert.Equal(t, c.want, f.events)
		})
	}
}

// loose is a fakeWire that does not ask where a token stands.
type loose struct{ *fakeWire }

func (l loose) token(d dir, off, n int, tok []byte, at tokenAt) {
	l.in[d] = tok
	l.fakeWire.token(d, 0, len(tok), tok, at)
}

func TestBracketed(t *testing.T) {
	for _, c := range []struct{ word, rest, name, text string }{
		{"NO", "[AUTHENTICATIONFAILED] Authentication failed.", "NO [AUTHENTICATIONFAILED]", "Authentication failed."},
		{"OK", "[CAPABILITY IMAP4rev1 IDLE] Logged in", "OK", "Logged in"},
		{"-ERR", "[SYS/TEMP] try again", "-ERR [SYS/TEMP]", "try again"},
		{"NO", "(AUTH-TOO-WEAK) \"no\"", "NO (AUTH-TOO-WEAK)", "\"no\""},
		{"BAD", "Syntax [error", "BAD", "Syntax [error"},
		{"NO", "[open", "NO", "[open"},
		{"NO", "", "NO", ""},
	} {
		name, txt := bracketed(c.word, []byte(c.rest))
		assert.Equal(t, c.name, name)
		assert.Equal(t, c.text, string(txt))
	}
}
