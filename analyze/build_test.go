package analyze

import (
	"fmt"
	"strings"
	"time"

	"kerbscope/decode/krb5"
)

// DER, as much as messages for tests need.

func tlv(tag byte, parts ...[]byte) []byte {
	var body []byte
	for _, p := range parts {
		body = append(body, p...)
	}
	switch n := len(body); {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, body...)
	case n < 0x100:
		return append([]byte{tag, 0x81, byte(n)}, body...)
	default:
		return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, body...)
	}
}

func tagged(n int, v []byte) []byte { return tlv(0xa0|byte(n), v) }

func integer(v int64) []byte {
	b := []byte{byte(v)}
	for x := v >> 8; !(x == 0 && b[0] < 0x80 || x == -1 && b[0] >= 0x80); x >>= 8 {
		b = append([]byte{byte(x)}, b...)
	}
	return tlv(0x02, b)
}

func text(s string) []byte   { return tlv(0x1b, []byte(s)) }
func octets(b []byte) []byte { return tlv(0x04, b) }
func flags(v uint32) []byte {
	return tlv(0x03, []byte{0, byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}
func gtime(sec int64) []byte {
	return tlv(0x18, []byte(time.Unix(sec, 0).UTC().Format("20060102150405Z")))
}

func name(s string) []byte {
	var parts [][]byte
	for _, c := range strings.Split(s, "/") {
		parts = append(parts, text(c))
	}
	return tlv(0x30, tagged(0, integer(2)), tagged(1, tlv(0x30, parts...)))
}

// enc is an EncryptedData; a kvno below 0 is left out.
func enc(etype int32, kvno int, cipher string) []byte {
	parts := [][]byte{tagged(0, integer(int64(etype)))}
	if kvno >= 0 {
		parts = append(parts, tagged(1, integer(int64(kvno))))
	}
	return tlv(0x30, append(parts, tagged(2, octets([]byte(cipher))))...)
}

const realm = "CONTOSO.COM"

// A tkt is a ticket: two with equal fields are the same ticket.
type tkt struct {
	sname  string
	etype  int32
	kvno   int
	cipher string // tells tickets apart
}

var tgt1 = tkt{"krbtgt/" + realm, 18, 2, "tgt-1"}

func (t tkt) der() []byte {
	return tlv(0x61, tlv(0x30, tagged(0, integer(5)), tagged(1, text(realm)), tagged(2, name(t.sname)), tagged(3, enc(t.etype, t.kvno, fmt.Sprint(t)))))
}

func padata(typ int, value []byte) []byte {
	return tlv(0x30, tagged(1, integer(int64(typ))), tagged(2, octets(value)))
}

func info2(etypes ...int32) []byte {
	var list [][]byte
	for _, e := range etypes {
		parts := [][]byte{tagged(0, integer(int64(e)))}
		if !isRC4(e) {
			parts = append(parts, tagged(1, text(realm+"salt")))
		}
		list = append(list, tlv(0x30, parts...))
	}
	return padata(19, tlv(0x30, list...))
}

func apReq(t tkt, auth int32, serial int) []byte {
	return tlv(0x6e, tlv(0x30, tagged(0, integer(5)), tagged(1, integer(14)), tagged(2, flags(krb5.APMutualRequired)), tagged(3, t.der()), tagged(4, enc(auth, -1, fmt.Sprint("auth", serial)))))
}

func apRep(etype int32, serial int) []byte {
	return tlv(0x6f, tlv(0x30, tagged(0, integer(5)), tagged(1, integer(15)), tagged(2, enc(etype, -1, fmt.Sprint("rep", serial)))))
}

func kdcReq(tag byte, typ int, cname, sname string, options uint32, nonce int, etypes []int32, pa ...[]byte) []byte {
	parts := [][]byte{tagged(1, integer(5)), tagged(2, integer(int64(typ)))}
	if len(pa) > 0 {
		parts = append(parts, tagged(3, tlv(0x30, pa...)))
	}
	var list [][]byte
	for _, e := range etypes {
		list = append(list, integer(int64(e)))
	}
	body := [][]byte{tagged(0, flags(options))}
	if cname != "" {
		body = append(body, tagged(1, name(cname)))
	}
	body = append(body, tagged(2, text(realm)), tagged(3, name(sname)), tagged(5, gtime(2e9)), tagged(7, integer(int64(nonce))), tagged(8, tlv(0x30, list...)))
	return tlv(tag, tlv(0x30, append(parts, tagged(4, tlv(0x30, body...)))...))
}

func kdcRep(tag byte, typ int, cname string, t tkt, etype int32, serial int) []byte {
	return tlv(tag, tlv(0x30, tagged(0, integer(5)), tagged(1, integer(int64(typ))), tagged(3, text(realm)), tagged(4, name(cname)),
		tagged(5, t.der()), tagged(6, enc(etype, -1, fmt.Sprint("part", serial)))))
}
