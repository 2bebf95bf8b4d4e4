package krb5

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func samples() map[string][]byte {
	return map[string][]byte{
		"as-req": asReq(), "tgs-req": tgsReq(), "tgs-rep": tgsRep(), "ap-req": apReq(),
		"error": krbError(25, tSeq(tPA(19, tSeq(tSeq(tCtx(0, tInt(18)), tCtx(1, tText("salt"))))), tPA(2, nil))),
	}
}

// What a prefix says is what the whole says, or nothing: no field holds half a value.
func TestTruncationAtEveryByte(t *testing.T) {
	for name, msg := range samples() {
		whole := parse(t, msg)
		for cut := 5; cut < len(msg); cut++ {
			m, n := Parse(msg[:cut])
			require.Equal(t, cut, n, "%s cut at %d", name, cut)
			require.True(t, m.Truncated)
			require.Equal(t, len(msg), m.Length)
			require.Nil(t, m.Malformed, "%s cut at %d: %v", name, cut, m.Malformed)
			require.Len(t, m.Anomalies, 1, "%s cut at %d: %v", name, cut, m.Anomalies)
			require.Equal(t, cut, m.Anomalies[0].Offset)
			agree(t, &whole, &m)
		}
	}
}

func agree(t *testing.T, whole, part *Message) {
	t.Helper()
	ticket := func(w, p Ticket) {
		t.Helper()
		optional(t, w.TktVNO, p.TktVNO)
		text(t, w.Realm, p.Realm)
		text(t, []byte(w.SName.String()), []byte(p.SName.String()))
		encrypted(t, w.EncPart, p.EncPart)
	}
	switch {
	case part.KDCReq != nil:
		w, p := whole.KDCReq, part.KDCReq
		optional(t, w.KDCOptions, p.KDCOptions)
		optional(t, w.Till, p.Till)
		optional(t, w.Nonce, p.Nonce)
		text(t, []byte(w.CName.String()), []byte(p.CName.String()))
		if p.ETypes != nil {
			require.Equal(t, w.ETypes, p.ETypes)
		}
		for i := range p.PAData {
			require.Equal(t, w.PAData[i].Type, p.PAData[i].Type)
			require.True(t, bytes.HasPrefix(w.PAData[i].Value, p.PAData[i].Value))
			require.Equal(t, len(w.PAData[i].Value) != len(p.PAData[i].Value), p.PAData[i].Cut)
		}
		if p.APReq != nil {
			ticket(w.APReq.Ticket, p.APReq.Ticket)
			encrypted(t, w.APReq.Authenticator, p.APReq.Authenticator)
		}
	case part.KDCRep != nil:
		ticket(whole.KDCRep.Ticket, part.KDCRep.Ticket)
		encrypted(t, whole.KDCRep.EncPart, part.KDCRep.EncPart)
	case part.APReq != nil:
		ticket(whole.APReq.Ticket, part.APReq.Ticket)
		encrypted(t, whole.APReq.Authenticator, part.APReq.Authenticator)
	case part.Error != nil:
		optional(t, whole.Error.ErrorCode, part.Error.ErrorCode)
		optional(t, whole.Error.STime, part.Error.STime)
		require.True(t, bytes.HasPrefix(whole.Error.EData, part.Error.EData))
		part.Error.Data()
	}
}

func optional[T comparable](t *testing.T, whole, part Opt[T]) {
	t.Helper()
	if part.OK {
		require.Equal(t, whole, part)
	}
}

func text(t *testing.T, whole, part []byte) {
	t.Helper()
	if len(part) > 0 {
		require.Equal(t, whole, part)
	}
}

func encrypted(t *testing.T, whole, part EncryptedData) {
	t.Helper()
	optional(t, whole.EType, part.EType)
	optional(t, whole.KVNO, part.KVNO)
	require.True(t, bytes.HasPrefix(whole.Cipher, part.Cipher))
	if part.OK {
		require.Equal(t, len(whole.Cipher) != len(part.Cipher), part.Cut)
	}
}

func TestNoMessage(t *testing.T) {
	for _, b := range [][]byte{nil, {}, {0x6e}, []byte("GET / HTTP/1.1\r\n"), make([]byte, 64), {0x30, 0x80, 0, 0},
		{0x61, 3, 0x30, 1, 0}, {0x7e, 0xff, 1}, tTicket(realm, "a/b", 18, 1, filled(8))} {
		m, n := Parse(b)
		assert.Zero(t, n, "%x", b)
		assert.Zero(t, m.Type)
	}
}

func TestTrailingBytesAreLeft(t *testing.T) {
	msg := apReq()
	m, n := Parse(append(slices.Clone(msg), tgsRep()...))
	assert.Equal(t, len(msg), n)
	assert.Equal(t, msg, m.Raw)
	assert.Empty(t, m.Anomalies)
}

// Hostile and odd encodings: name, message, what becomes of it.
func TestOddEncodings(t *testing.T) {
	pvno, ap := tCtx(0, tInt(5)), tCtx(1, tInt(15))
	enc := tCtx(2, tEnc(18, 3, filled(20)))
	body := slices.Concat(pvno, ap, enc)
	indefinite := func(id byte, b []byte) []byte { return slices.Concat([]byte{id, 0x80}, b, []byte{0, 0}) }
	for _, row := range []struct {
		name      string
		msg       []byte
		kvno      Opt[uint32]
		malformed string
		offset    int
		anomaly   string
	}{
		{"plain", tlv(0x6f, tSeq(body)), some[uint32](3), "", 0, ""},
		{"indefinite everywhere", indefinite(0x6f, indefinite(0x30, body)), some[uint32](3), "", 0, "indefinite length"},
		{"indefinite without end", slices.Concat([]byte{0x6f, byte(len(body) + 2)}, []byte{0x30, 0x80}, body), some[uint32](3), "indefinite length without its end", 2, "indefinite length"},
		{"padded length", slices.Concat([]byte{0x6f, byte(len(body) + 5), 0x30, 0x83, 0, 0, byte(len(body))}, body), some[uint32](3), "", 0, "shortest form"},
		{"inner length too long", slices.Concat([]byte{0x6f, byte(len(body) + 2), 0x30, byte(len(body) + 1)}, body), some[uint32](3), "runs 1 bytes past", 2, ""},
		{"length of 2^64-1", slices.Concat([]byte{0x6f, byte(len(body) + 10), 0x30, 0x88, 255, 255, 255, 255, 255, 255, 255, 255}, body), Opt[uint32]{}, "over 2^29", 2, ""},
		{"reserved length", slices.Concat([]byte{0x6f, byte(len(body) + 2), 0x30, 0xff}, body), Opt[uint32]{}, "reserved", 2, ""},
		{"end-of-contents", tlv(0x6f, tSeq(pvno, []byte{0, 0}, ap, enc)), Opt[uint32]{}, "end-of-contents", 9, ""},
		{"unknown field", tlv(0x6f, tSeq(body, tCtx(9, tInt(1)))), some[uint32](3), "", 0, "unknown field [9]"},
		{"field twice", tlv(0x6f, tSeq(body, tCtx(2, tEnc(18, 4, nil)))), some[uint32](3), "", 0, "second time"},
		{"out of order", tlv(0x6f, tSeq(enc, pvno, ap)), some[uint32](3), "", 0, "out of order"},
		{"missing", tlv(0x6f, tSeq(pvno, enc)), some[uint32](3), "", 0, "mandatory field [1]"},
		{"no field", tlv(0x6f, tSeq(body, tInt(4))), some[uint32](3), "", 0, "is no field"},
		{"huge tag", tlv(0x6f, tSeq(body, []byte{0xbf, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0})), some[uint32](3), "tag number", 4 + len(body), ""},
		{"trailing in the tag", tlv(0x6f, tSeq(body), tInt(1)), some[uint32](3), "", 0, "trailing bytes"},
		{"pvno 4", tlv(0x6f, tSeq(tCtx(0, tInt(4)), ap, enc)), some[uint32](3), "", 0, "pvno is 4"},
		{"other msg-type", tlv(0x6f, tSeq(pvno, tCtx(1, tInt(14)), enc)), some[uint32](3), "", 0, "msg-type is 14"},
		{"segmented cipher", tlv(0x6f, tSeq(pvno, ap, tCtx(2, tSeq(tCtx(0, tInt(18)), tCtx(1, tInt(3)), tCtx(2, tlv(0x24, tOctets(filled(20)[:5]), tOctets(filled(20)[5:]))))))), some[uint32](3), "", 0, "in segments"},
	} {
		t.Run(row.name, func(t *testing.T) {
			m, n := Parse(row.msg)
			require.Equal(t, len(row.msg), n)
			if row.kvno.OK {
				require.NotNil(t, m.APRep)
				assert.Equal(t, row.kvno, m.APRep.EncPart.KVNO)
				assert.Equal(t, filled(20), m.APRep.EncPart.Cipher)
			}
			if row.malformed == "" {
				assert.Nil(t, m.Malformed)
			} else if assert.NotNil(t, m.Malformed) {
				assert.Contains(t, m.Malformed.What, row.malformed)
				assert.Equal(t, row.offset, m.Malformed.Offset)
			}
			if row.anomaly == "" {
				assert.Empty(t, m.Anomalies)
			} else if assert.NotEmpty(t, m.Anomalies) {
				assert.Contains(t, m.Anomalies[0].What, row.anomaly)
			}
		})
	}
}

// An etype list that is not whole would say that the client left something out.
func TestHalfAnEtypeListIsNone(t *testing.T) {
	msg := asReq()
	at := bytes.Index(msg, tEtypes(18, 17, 23, 24, -135, 3, 18))
	m, _ := Parse(msg[:at+10])
	require.NotNil(t, m.KDCReq)
	assert.True(t, m.KDCReq.Nonce.OK)
	assert.Nil(t, m.KDCReq.ETypes)
}

func TestLimits(t *testing.T) {
	many := bytes.Repeat(tPA(2, nil), 5000)
	m := parse(t, tApp(ASRep, tSeq(tCtx(0, tInt(5)), tCtx(1, tInt(11)), tCtx(2, tSeq(many)))))
	assert.Len(t, m.KDCRep.PAData, maxList)

	var bad [][]byte
	for range 100 {
		bad = append(bad, tInt(1))
	}
	m = parse(t, tApp(APRepMsg, tSeq(bad...)))
	assert.Len(t, m.Anomalies, maxAnomalies+1)
	assert.Contains(t, m.Anomalies[maxAnomalies].What, "more anomalies")

	deep := bytes.Repeat([]byte{0x30, 0x80}, 100000)
	m, _ = Parse(append([]byte{0x6f, 0x80}, deep...))
	assert.NotNil(t, m.Malformed)
}

func TestProbe(t *testing.T) {
	for name, msg := range samples() {
		for cut := range len(msg) {
			length, v := Probe(msg[:cut])
			if v == Yes {
				require.Equal(t, len(msg), length)
				require.Greater(t, cut, 12, name)
			} else {
				require.Equal(t, NeedMore, v, "%s cut at %d", name, cut)
				require.Less(t, cut, 24, name)
			}
		}
	}
	_, v := Probe(tSeq(tCtx(0, tInt(5)), tCtx(1, tInt(17)), tCtx(2, tTicket(realm, "a", 18, 1, nil))))
	assert.Equal(t, Yes, v)
	for _, b := range [][]byte{[]byte("n\x82 hello"), {0x30, 0x0c, 0x02, 0x01}, {0x6e, 0x85}, {0x6e, 0x84, 0xff, 0xff, 0xff, 0xff},
		{0x6e, 0x20, 0x30, 0x1d}, {0x6e, 0x20, 0x31}, {0}, []byte("GET"), {0x61, 0x20, 0x30, 0x1e}} {
		_, v := Probe(b)
		assert.Equal(t, No, v, "%x", b)
	}
	other := apReq()
	other[0] = 0x6f
	_, v = Probe(other)
	assert.Equal(t, No, v)
}

// A megabyte that is made to be slow to read is read in time that grows with its length only.
func TestSlowInputs(t *testing.T) {
	const size = 1 << 20
	fill := func(b []byte) []byte { return bytes.Repeat(b, size/len(b)) }
	head := func(body []byte) []byte { return tApp(APRepMsg, tSeq(tCtx(0, tInt(5)), tCtx(1, tInt(15)), body)) }
	for name, msg := range map[string][]byte{
		"segments":          head(tCtx(2, tSeq(tCtx(0, tInt(18)), tCtx(2, tlv(0x24, fill([]byte{4, 1, 'x'})))))),
		"indefinite list":   tApp(ASRep, tSeq(tCtx(2, tSeq(fill([]byte{0x30, 0x80, 0, 0}))))),
		"indefinite fields": tApp(ASRep, tSeq(fill([]byte{0xa2, 0x80, 0x30, 0x80, 0, 0, 0, 0}))),
		"open and open":     append([]byte{0x6b, 0x80, 0x30, 0x80}, fill([]byte{0xa2, 0x80, 0x30, 0x80})...),
		"no fields":         head(fill([]byte{2, 0})),
		"name":              tSeq(tCtx(0, tInt(5)), tCtx(1, tInt(16)), tCtx(2, tSeq(tCtx(0, tInt(1)), tCtx(1, tSeq(fill([]byte{0x1b, 0})))))),
		"etypes":            tApp(ASReq, tSeq(tCtx(4, tSeq(tCtx(8, tSeq(fill([]byte{2, 1, 18}))))))),
		"tickets":           tApp(KRBCredMsg, tSeq(tCtx(2, tSeq(fill([]byte{0x61, 2, 0x30, 0}))))),
	} {
		start := time.Now()
		_, n := Parse(msg)
		assert.Equal(t, len(msg), n, name)
		assert.Less(t, time.Since(start), time.Second, name)
	}
}
