package decode

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"kerbscope/decode/gss"
)

// fakeWire is a stream whose bytes a test gives and whose events it compares.
type fakeWire struct {
	in      [2][]byte
	at      [2]int // stream offset of in[d][0]
	gapped  [2]int // length of the gap behind in[d]
	after   [2][]byte
	closed  [2]bool
	stopped bool
	events  []string
}

func (f *fakeWire) bytes(d dir) []byte {
	if f.stopped {
		return nil
	}
	return f.in[d]
}

func (f *fakeWire) discard(d dir, n int) {
	n = min(n, len(f.in[d]))
	f.in[d] = f.in[d][n:]
	f.at[d] += n
}

func (f *fakeWire) gap(d dir) bool   { return f.gapped[d] > 0 && len(f.in[d]) == 0 }
func (f *fakeWire) gapLen(d dir) int { return f.gapped[d] }
func (f *fakeWire) atGap(d dir) bool { return f.gapped[d] > 0 || f.closed[d] }
func (f *fakeWire) skipGap(d dir) {
	f.at[d] += len(f.in[d]) + f.gapped[d]
	f.in[d], f.after[d], f.gapped[d] = f.after[d], nil, 0
}

func (f *fakeWire) say(format string, args ...any) {
	f.events = append(f.events, fmt.Sprintf(format, args...))
}

var arrow = [2]string{"C", "S"}

func (f *fakeWire) token(d dir, off, n int, tok []byte, at tokenAt) {
	if off < 0 || n < 0 || off+n > len(f.in[d]) {
		panic(fmt.Sprintf("token outside of the bytes: %d+%d of %d", off, n, len(f.in[d])))
	}
	t := gss.Parse(tok)
	what := t.Kind.String()
	if t.NegState != gss.NoState {
		what += " " + t.NegState.String()
	}
	if t.Truncated {
		what += " cut"
	}
	// The bytes pointed at are the token, its base64, or its last fragment.
	there := f.in[d][off : off+n]
	if plain, _ := decodeBase64(nil, there); !bytes.HasSuffix(tok, there) && !bytes.Equal(plain, tok) && !interrupted(tok, there) {
		panic(fmt.Sprintf("the token does not stand at %d+%d", f.at[d]+off, n))
	}
	if at.within != "" {
		at.within = " in " + at.within
	}
	f.say("%s token %s key=%d verb=%q len=%d%s", arrow[d], what, at.key, at.verb, len(tok), at.within)
}

// interrupted tells whether b is tok with something in between.
func interrupted(tok, b []byte) bool {
	return len(b) > len(tok) && len(tok) > 1 && b[0] == tok[0] && b[len(b)-1] == tok[len(tok)-1]
}

func (f *fakeWire) message(d dir, off, n int, b []byte, path ...string) *Message {
	if off < 0 || n < 0 || off+n > len(f.in[d]) {
		panic("message outside of the bytes")
	}
	f.say("%s message %02x at=%d+%d", arrow[d], b[0], f.at[d]+off, n)
	return nil
}

func (f *fakeWire) result(d dir, off, n int, key uint64, r Result) {
	if off < 0 || n < 0 || off+n > len(f.in[d]) {
		panic("result outside of the bytes")
	}
	f.say("%s %s code=%#x name=%q text=%q key=%d", arrow[d], r.Outcome, r.Code, r.CodeName, r.Text, key)
}
func (f *fakeWire) offer(names ...string) { f.say("offer %s", strings.Join(names, " ")) }
func (f *fakeWire) attemptOther(d dir, off int, mech, verb string) {
	f.say("%s other %s verb=%q", arrow[d], mech, verb)
}
func (f *fakeWire) attemptKeyed(d dir, off int, mech string, at tokenAt) {
	f.say("%s other %s verb=%q keyed=%t", arrow[d], mech, at.verb, at.key != 0)
}
func (f *fakeWire) hidden(d dir, off int, name string) { f.say("%s hidden %s", arrow[d], name) }
func (f *fakeWire) inChannel(cookie [16]byte, known bool, rpc *rpcInner) {
	f.say("in channel %x %t", cookie[0], known)
}
func (f *fakeWire) outChannel([16]byte, bool) (*rpcInner, wire) { return nil, nil }
func (f *fakeWire) sealed(d dir, off int)                       { f.say("%s sealed", arrow[d]) }
func (f *fakeWire) anonymous(d dir, off int)                    { f.say("%s anonymous", arrow[d]) }
func (f *fakeWire) startTLS(d dir, off int)                     { f.say("%s TLS", arrow[d]) }
func (f *fakeWire) name(d dir, off int, name, source string) {
	f.say("%s name %s (%s)", arrow[d], name, source)
}
func (f *fakeWire) afterAuth(d dir, off int) { f.say("%s after auth", arrow[d]) }
func (f *fakeWire) tunnel(target string)     { f.say("tunnel %s", target); f.stopped = true }
func (f *fakeWire) kdcMessage(d dir, off, n int, b []byte, path string) {
	f.message(d, off, n, b, path)
}
func (f *fakeWire) keep(int) {}
func (f *fakeWire) idle() {
	f.say("idle")
	f.stopped = true
}
func (f *fakeWire) ignore() {
	f.say("ignore")
	f.stopped = true
}

// A turn is what one side sends; gap bytes of its direction are lost before it.
type turn struct {
	d    dir
	data []byte
	gap  int
}

func fromClient(parts ...string) turn {
	return turn{d: toServer, data: []byte(strings.Join(parts, ""))}
}
func fromServer(parts ...string) turn {
	return turn{d: toClient, data: []byte(strings.Join(parts, ""))}
}
func (t turn) lost(n int) turn { t.gap = n; return t }

// play feeds a transcript to a parser in pieces of at most size bytes (0:
// whole turns) and returns what it told.
func play(open func(wire) parser, size int, turns ...turn) []string {
	f := &fakeWire{}
	p := open(f)
	for _, t := range turns {
		if f.stopped {
			break
		}
		if t.gap > 0 {
			f.gapped[t.d] = t.gap
		}
		rest := t.data
		for first := true; first || len(rest) > 0; first = false {
			n := len(rest)
			if size > 0 {
				n = min(n, size)
			}
			if f.gapped[t.d] > 0 {
				f.after[t.d] = append(f.after[t.d], rest[:n]...)
			} else {
				f.in[t.d] = append(f.in[t.d], rest[:n]...)
			}
			rest = rest[n:]
			p.feed(t.d)
			if f.gapped[t.d] > 0 { // as the tracker does
				f.skipGap(t.d)
				p.feed(t.d)
			}
		}
	}
	f.closed = [2]bool{true, true}
	for _, d := range [...]dir{toServer, toClient} {
		if !f.stopped {
			p.feed(d)
		}
	}
	return f.events
}

// talk plays a transcript whole and split, and wants the same events.
func talk(t *testing.T, open func(wire) parser, want []string, turns ...turn) {
	t.Helper()
	require.Equal(t, want, play(open, 0, turns...))
	for _, size := range []int{1, 2, 7, 100} {
		require.Equal(t, want, play(open, size, turns...), "in pieces of %d", size)
	}
}

// hostile feeds fuzz input: a sequence of turns cut from b by its own bytes.
func hostile(t *testing.T, open func(wire) parser, b []byte) {
	var turns []turn
	for len(b) > 3 && len(turns) < 64 {
		n := min(int(b[1])<<4|int(b[2])>>4, len(b)-3)
		turns = append(turns, turn{d: dir(b[0] & 1), gap: int(b[0]>>1) & 3, data: b[3 : 3+n]})
		b = b[3+n:]
	}
	first := play(open, 0, turns...)
	require.Equal(t, first, play(open, 0, turns...))
	play(open, 3, turns...)
}

// script packs turns as hostile unpacks them.
func script(turns ...turn) (b []byte) {
	for _, t := range turns {
		data := t.data
		for first := true; first || len(data) > 0; first = false {
			n := min(len(data), 4095)
			b = append(b, byte(t.d)|byte(min(t.gap, 3))<<1, byte(n>>4), byte(n<<4))
			b = append(b, data[:n]...)
			data = data[n:]
		}
	}
	return b
}

// What follows builds tokens.

func derTLV(tag byte, parts ...[]byte) []byte {
	var body []byte
	for _, p := range parts {
		body = append(body, p...)
	}
	b := []byte{tag}
	switch n := len(body); {
	case n < 0x80:
		b = append(b, byte(n))
	case n < 0x100:
		b = append(b, 0x81, byte(n))
	default:
		b = append(b, 0x82, byte(n>>8), byte(n))
	}
	return append(b, body...)
}

var (
	oidKerberos = []byte("\x2a\x86\x48\x86\xf7\x12\x01\x02\x02")
	oidMSKrb    = []byte("\x2a\x86\x48\x82\xf7\x12\x01\x02\x02")
	oidSPNEGO   = []byte("\x2b\x06\x01\x05\x05\x02")
	oidNTLM     = []byte("\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a")
)

func krbMessage(tag byte, n int) []byte {
	return derTLV(tag, derTLV(0x30, []byte{0xa0, 3, 2, 1, 5}, derTLV(0xa1, derTLV(0x04, make([]byte, n)))))
}

func gssToken(id byte, msg []byte) []byte {
	return derTLV(0x60, derTLV(0x06, oidKerberos), []byte{id, 0}, msg)
}

func negInit(tok []byte, oids ...[]byte) []byte {
	var list []byte
	for _, o := range oids {
		list = append(list, derTLV(0x06, o)...)
	}
	fields := derTLV(0xa0, derTLV(0x30, list))
	if tok != nil {
		fields = append(fields, derTLV(0xa2, derTLV(0x04, tok))...)
	}
	return derTLV(0x60, derTLV(0x06, oidSPNEGO), derTLV(0xa0, derTLV(0x30, fields)))
}

func negResp(state byte, tok []byte) []byte {
	fields := derTLV(0xa0, []byte{0x0a, 1, state})
	if tok != nil {
		fields = append(fields, derTLV(0xa2, derTLV(0x04, tok))...)
	}
	return derTLV(0xa1, derTLV(0x30, fields))
}

func ntlmToken(typ byte) []byte {
	b := make([]byte, 88)
	copy(b, "NTLMSSP\x00")
	b[8] = typ
	if typ == 3 {
		b[36], b[38], b[40] = 2, 2, 88 // a user name of one letter
		b = append(b, 'a', 0)
	}
	return b
}

var (
	rawAPReq   = krbMessage(0x6e, 900)
	rawAPRep   = krbMessage(0x6f, 60)
	rawKrbErr  = krbMessage(0x7e, 60)
	gssAPReq   = gssToken(1, rawAPReq)
	gssAPRep   = gssToken(2, rawAPRep)
	gssKrbErr  = gssToken(3, rawKrbErr)
	spnegoReq  = negInit(gssAPReq, oidMSKrb, oidKerberos, oidNTLM)
	spnegoHint = negInit(nil, oidMSKrb, oidKerberos, oidNTLM)
	spnegoRep  = negResp(0, gssAPRep)
	spnegoErr  = negResp(1, gssKrbErr)
	spnegoNo   = negResp(2, nil)
	wrapToken  = append([]byte{5, 4, 1, 0xff}, make([]byte, 28)...)
)

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func utf16Bytes(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func TestBase64(t *testing.T) {
	for n := range 40 {
		raw := make([]byte, n)
		for i := range raw {
			raw[i] = byte(i * 37)
		}
		enc := b64(raw)
		got, used := decodeBase64(nil, []byte(enc+"\r\n"))
		require.Equal(t, len(enc), used)
		require.Equal(t, string(raw), string(got))
		cut, _ := decodeBase64(nil, []byte(enc[:len(enc)/2]))
		require.Equal(t, string(raw[:len(cut)]), string(cut), "a cut end gives what is certain")
	}
}
