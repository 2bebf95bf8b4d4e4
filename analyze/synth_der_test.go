package analyze

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"time"

	"kerbscope/decode"
)

// Just enough DER to write the messages of RFC 4120 §5.

func tlv(id byte, parts ...[]byte) []byte {
	var body []byte
	for _, p := range parts {
		body = append(body, p...)
	}
	switch n := len(body); {
	case n < 0x80:
		return append([]byte{id, byte(n)}, body...)
	case n < 0x100:
		return append([]byte{id, 0x81, byte(n)}, body...)
	default:
		return append([]byte{id, 0x82, byte(n >> 8), byte(n)}, body...)
	}
}

func ctxTag(n byte, parts ...[]byte) []byte { return tlv(0xa0|n, parts...) }
func seqOf(parts ...[]byte) []byte          { return tlv(0x30, parts...) }

func integer(v int64) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(v))
	for len(b) > 1 && (b[0] == 0 && b[1] < 0x80 || b[0] == 0xff && b[1] >= 0x80) {
		b = b[1:]
	}
	return tlv(0x02, b)
}

func text(s string) []byte { return tlv(0x1b, []byte(s)) }

func flags(v uint32) []byte { return tlv(0x03, binary.BigEndian.AppendUint32([]byte{0}, v)) }

func when(ns int64) []byte {
	return tlv(0x18, []byte(time.Unix(0, ns).UTC().Format("20060102150405Z")))
}

func principalName(name string) []byte {
	var parts [][]byte
	for _, c := range strings.Split(name, "/") {
		parts = append(parts, text(c))
	}
	return seqOf(ctxTag(0, integer(2)), ctxTag(1, seqOf(parts...)))
}

func encrypted(etype int32, kvno *uint32, seed string) []byte {
	sum := sha256.Sum256([]byte(seed))
	parts := [][]byte{ctxTag(0, integer(int64(etype)))}
	if kvno != nil {
		parts = append(parts, ctxTag(1, integer(int64(*kvno))))
	}
	return seqOf(append(parts, ctxTag(2, tlv(0x04, sum[:])))...)
}

func (t tkt) der() []byte {
	return tlv(0x61, seqOf(ctxTag(0, integer(5)), ctxTag(1, text(testRealm)), ctxTag(2, principalName(t.sname)),
		ctxTag(3, encrypted(t.etype, &t.kvno, t.sname+string(rune(t.etype))+string(rune(t.kvno))+t.salt))))
}

var serial int64

// unique makes each authenticator another one.
func unique() string {
	serial++
	return time.Unix(serial, 0).UTC().String()
}

func apReq(t tkt, auth int32) []byte {
	return tlv(0x6e, seqOf(ctxTag(0, integer(5)), ctxTag(1, integer(14)), ctxTag(2, flags(apMutual)), ctxTag(3, t.der()),
		ctxTag(4, encrypted(auth, nil, unique()))))
}

func apRep(etype int32) []byte {
	return tlv(0x6f, seqOf(ctxTag(0, integer(5)), ctxTag(1, integer(15)), ctxTag(2, encrypted(etype, nil, unique()))))
}

// asReq is a KDC-REQ: a TGS-REQ when ap is the AP-REQ with the TGT.
func asReq(cname, sname string, list []int32, preauth int32, options uint32, ap []byte) []byte {
	serial++
	msg, id := int64(10), byte(0x6a)
	var padata [][]byte
	if ap != nil {
		msg, id = 12, 0x6c
		padata = append(padata, seqOf(ctxTag(1, integer(1)), ctxTag(2, tlv(0x04, ap))))
	}
	if preauth != 0 {
		padata = append(padata, seqOf(ctxTag(1, integer(2)), ctxTag(2, tlv(0x04, encrypted(preauth, nil, unique())))))
	}
	var etypes [][]byte
	for _, e := range list {
		etypes = append(etypes, integer(int64(e)))
	}
	body := [][]byte{ctxTag(0, flags(options))}
	if cname != "" {
		body = append(body, ctxTag(1, principalName(cname)))
	}
	body = append(body, ctxTag(2, text(testRealm)), ctxTag(3, principalName(sname)), ctxTag(5, when(2e18)),
		ctxTag(7, integer(serial)), ctxTag(8, seqOf(etypes...)))
	parts := [][]byte{ctxTag(1, integer(5)), ctxTag(2, integer(msg))}
	if padata != nil {
		parts = append(parts, ctxTag(3, seqOf(padata...)))
	}
	return tlv(id, seqOf(append(parts, ctxTag(4, seqOf(body...)))...))
}

func kdcRep(kind decode.Kind, cname string, t tkt, reply int32) []byte {
	msg, id := int64(11), byte(0x6b)
	if kind == decode.TGS {
		msg, id = 13, 0x6d
	}
	return tlv(id, seqOf(ctxTag(0, integer(5)), ctxTag(1, integer(msg)), ctxTag(3, text(testRealm)), ctxTag(4, principalName(cname)),
		ctxTag(5, t.der()), ctxTag(6, encrypted(reply, nil, unique()))))
}

func info2(list []int32) []byte {
	var entries [][]byte
	for _, e := range list {
		entries = append(entries, seqOf(ctxTag(0, integer(int64(e))), ctxTag(1, text("SALT"))))
	}
	return seqOf(entries...)
}

func krbError(code int32, sname string, stime, ctime int64, keys []int32, etext string, status uint32) []byte {
	parts := [][]byte{ctxTag(0, integer(5)), ctxTag(1, integer(30))}
	if ctime != 0 {
		parts = append(parts, ctxTag(2, when(ctime)), ctxTag(3, integer(0)))
	}
	parts = append(parts, ctxTag(4, when(stime)), ctxTag(5, integer(stime%1e9/1000)), ctxTag(6, integer(int64(code))),
		ctxTag(9, text(testRealm)), ctxTag(10, principalName(sname)))
	if etext != "" {
		parts = append(parts, ctxTag(11, text(etext)))
	}
	switch {
	case keys != nil:
		parts = append(parts, ctxTag(12, tlv(0x04, seqOf(seqOf(ctxTag(1, integer(19)), ctxTag(2, tlv(0x04, info2(keys))))))))
	case status != 0:
		value := make([]byte, 12)
		binary.LittleEndian.PutUint32(value, status)
		value[8] = 1
		parts = append(parts, ctxTag(12, tlv(0x04, seqOf(ctxTag(1, integer(3)), ctxTag(2, tlv(0x04, value))))))
	}
	return tlv(0x7e, seqOf(parts...))
}
