package hostile

import (
	"encoding/base64"
	"encoding/binary"
)

// Kerberos messages (RFC 4120 §5), with the fewest fields that make one.

func tlv(tag byte, body []byte) []byte {
	n := len(body)
	b := make([]byte, 0, n+4)
	switch {
	case n < 128:
		b = append(b, tag, byte(n))
	case n < 256:
		b = append(b, tag, 0x81, byte(n))
	default:
		b = append(b, tag, 0x82, byte(n>>8), byte(n))
	}
	return append(b, body...)
}

func seq(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return tlv(0x30, b)
}

func field(n byte, body []byte) []byte { return tlv(0xa0|n, body) }

func number(v int) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(v))
	for len(b) > 1 && b[0] == 0 && b[1] < 0x80 {
		b = b[1:]
	}
	return tlv(2, b)
}

func text(s string) []byte { return tlv(0x1b, []byte(s)) }

func when() []byte { return tlv(0x18, []byte("20250615150640Z")) }

func name(kind int, parts ...string) []byte {
	var list [][]byte
	for _, p := range parts {
		list = append(list, text(p))
	}
	return seq(field(0, number(kind)), field(1, seq(list...)))
}

const realm = "EXAMPLE.COM"

// secret is a cipher that no other i has.
func secret(i int) []byte {
	b := make([]byte, 64)
	binary.BigEndian.PutUint64(b, uint64(i)*0x9e3779b97f4a7c15)
	return b
}

func encrypted(i int) []byte {
	return seq(field(0, number(18)), field(1, number(2)), field(2, tlv(4, secret(i))))
}

func ticket(service string, i int) []byte {
	return tlv(0x61, seq(field(0, number(5)), field(1, text(realm)), field(2, name(2, "HTTP", service)), field(3, encrypted(i))))
}

func body(cname []byte, sname []byte, nonce int) []byte {
	parts := [][]byte{field(0, tlv(3, []byte{0, 0x40, 0, 0, 0}))}
	if cname != nil {
		parts = append(parts, field(1, cname))
	}
	return seq(append(parts, field(2, text(realm)), field(3, sname), field(5, when()), field(7, number(nonce)), field(8, seq(number(18), number(17), number(23))))...)
}

func asReq(client string, i int) []byte {
	return tlv(0x6a, seq(field(1, number(5)), field(2, number(10)), field(4, body(name(1, client), name(2, "krbtgt", realm), i))))
}

func apReq(service string, i int) []byte {
	return tlv(0x6e, seq(field(0, number(5)), field(1, number(14)), field(2, tlv(3, []byte{0, 0, 0, 0, 0})), field(3, ticket(service, i)), field(4, encrypted(i+1<<30))))
}

func tgsReq(service string, i int) []byte {
	pa := seq(seq(field(1, number(1)), field(2, tlv(4, apReq("tgs", i)))))
	return tlv(0x6c, seq(field(1, number(5)), field(2, number(12)), field(3, pa), field(4, body(nil, name(2, "HTTP", service), i))))
}

func tgsRep(service string, i int) []byte {
	return tlv(0x6d, seq(field(0, number(5)), field(1, number(13)), field(3, text(realm)), field(4, name(1, "user")), field(5, ticket(service, i+1<<29)), field(6, encrypted(i))))
}

func krbError(code int, client, etext string) []byte {
	parts := [][]byte{field(0, number(5)), field(1, number(30)), field(4, when()), field(5, number(1)), field(6, number(code)),
		field(7, text(realm)), field(8, name(1, client)), field(9, text(realm)), field(10, name(2, "krbtgt", realm))}
	if etext != "" {
		parts = append(parts, field(11, text(etext)))
	}
	return tlv(0x7e, seq(parts...))
}

// gssToken is an AP-REQ as an initial token (RFC 4121 §4.1), in base64.
func gssToken(i int) string {
	b := append([]byte("\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01\x00"), apReq("mx.example.com", i)...)
	return base64.StdEncoding.EncodeToString(tlv(0x60, b))
}

// apReqLarge is an AP-REQ with a ticket of 48,000 bytes.
func apReqLarge() []byte {
	part := seq(field(0, number(18)), field(1, number(2)), field(2, tlv(4, make([]byte, 48000))))
	t := tlv(0x61, seq(field(0, number(5)), field(1, text(realm)), field(2, name(2, "smtp", "mx.example.com")), field(3, part)))
	return tlv(0x6e, seq(field(0, number(5)), field(1, number(14)), field(2, tlv(3, []byte{0, 0, 0, 0, 0})), field(3, t), field(4, encrypted(7))))
}
