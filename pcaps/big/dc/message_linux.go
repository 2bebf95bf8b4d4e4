package main

import (
	"encoding/binary"
	"time"
)

// Kerberos messages (RFC 4120 §5) of the sizes that they have where tickets
// hold a PAC, around ciphers that are random.

const realm = "EXAMPLE.COM"

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

func number(v uint32) []byte {
	b := binary.BigEndian.AppendUint32([]byte{0}, v)
	for len(b) > 1 && b[0] == 0 && b[1] < 0x80 {
		b = b[1:]
	}
	return tlv(2, b)
}

func text(s string) []byte { return tlv(0x1b, []byte(s)) }

func name(kind uint32, parts ...string) []byte {
	var list [][]byte
	for _, p := range parts {
		list = append(list, text(p))
	}
	return seq(field(0, number(kind)), field(1, seq(list...)))
}

// encrypted is EncryptedData of AES, kvno 0: without one.
func encrypted(n int, kvno uint32, g *generator) []byte {
	b := make([]byte, n)
	for i := 0; i+8 <= n; i += 8 {
		binary.LittleEndian.PutUint64(b[i:], g.rng.Uint64())
	}
	parts := [][]byte{field(0, number(18))}
	if kvno != 0 {
		parts = append(parts, field(1, number(kvno)))
	}
	return seq(append(parts, field(2, tlv(4, b)))...)
}

func (g *generator) ticket(service ...string) []byte {
	return tlv(0x61, seq(field(0, number(5)), field(1, text(realm)), field(2, name(2, service...)), field(3, encrypted(480, 2, g))))
}

func body(cname, sname []byte, nonce uint32) []byte {
	parts := [][]byte{field(0, tlv(3, []byte{0, 0x40, 0x81, 0, 0x10}))}
	if cname != nil {
		parts = append(parts, field(1, cname))
	}
	till := tlv(0x18, []byte("20370913024805Z"))
	return seq(append(parts, field(2, text(realm)), field(3, sname), field(5, till), field(7, number(nonce&0x7fffffff)), field(8, seq(number(18), number(17), number(23))))...)
}

func asReq(client string, nonce uint32, stamped bool, g *generator) []byte {
	pa := seq(field(1, number(128)), field(2, tlv(4, seq(field(0, []byte{1, 1, 255})))))
	if stamped {
		pa = append(seq(field(1, number(2)), field(2, tlv(4, encrypted(56, 0, g)))), pa...)
	}
	return tlv(0x6a, seq(field(1, number(5)), field(2, number(10)), field(3, tlv(0x30, pa)), field(4, body(name(1, client), name(2, "krbtgt", realm), nonce))))
}

func apReq(ticket []byte, g *generator) []byte {
	return tlv(0x6e, seq(field(0, number(5)), field(1, number(14)), field(2, tlv(3, []byte{0, 0x20, 0, 0, 0})), field(3, ticket), field(4, encrypted(200, 0, g))))
}

func tgsReq(tgt []byte, service, host string, nonce uint32, g *generator) []byte {
	pa := seq(field(1, number(1)), field(2, tlv(4, apReq(tgt, g))))
	return tlv(0x6c, seq(field(1, number(5)), field(2, number(12)), field(3, seq(pa)), field(4, body(nil, name(2, service, host), nonce))))
}

// kdcRep is an AS-REP (11) or a TGS-REP (13).
func kdcRep(kind byte, client string, ticket []byte, g *generator) []byte {
	return tlv(0x60|kind, seq(field(0, number(5)), field(1, number(uint32(kind))), field(3, text(realm)), field(4, name(1, client)), field(5, ticket), field(6, encrypted(280, 0, g))))
}

func krbError(code uint32, client, service, host string, now time.Time) []byte {
	parts := [][]byte{field(0, number(5)), field(1, number(30)), field(4, tlv(0x18, []byte(now.UTC().Format("20060102150405Z")))),
		field(5, number(uint32(now.Nanosecond()/1000))), field(6, number(code))}
	if client != "" {
		parts = append(parts, field(7, text(realm)), field(8, name(1, client)))
	}
	parts = append(parts, field(9, text(realm)), field(10, name(2, service, host)))
	if code == 25 {
		info := seq(seq(field(0, number(18)), field(1, text(realm+client))))
		parts = append(parts, field(12, tlv(4, seq(
			seq(field(1, number(19)), field(2, tlv(4, info))),
			seq(field(1, number(2)), field(2, tlv(4, nil)))))))
	}
	return tlv(0x7e, seq(parts...))
}

// record is a message over TCP (RFC 4120 §7.2.2).
func record(b []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)
}

// gssToken is a token of RFC 4121 §4.1: 1 AP-REQ, 2 AP-REP, 3 KRB-ERROR.
func gssToken(id byte, b []byte) []byte {
	return tlv(0x60, append([]byte("\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"), append([]byte{id, 0}, b...)...))
}

// bindRequest and bindResponse are SASL binds with GSSAPI (RFC 4511 §4.2).
func bindRequest(token []byte) []byte {
	sasl := append(tlv(4, []byte("GSSAPI")), tlv(4, token)...)
	return seq(number(1), tlv(0x60, append(append(number(3), tlv(4, nil)...), tlv(0xa3, sasl)...)))
}

func bindResponse(code byte, token []byte) []byte {
	r := []byte{10, 1, code, 4, 0, 4, 0}
	return seq(number(1), tlv(0x61, append(r, tlv(0x87, token)...)))
}
