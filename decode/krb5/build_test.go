package krb5

import (
	"encoding/binary"
	"strings"
)

// Builders of DER for tests.

func tlv(id byte, parts ...[]byte) []byte {
	var body []byte
	for _, p := range parts {
		body = append(body, p...)
	}
	return append(lengthOf(id, len(body)), body...)
}

func lengthOf(id byte, n int) []byte {
	switch {
	case n < 0x80:
		return []byte{id, byte(n)}
	case n < 0x100:
		return []byte{id, 0x81, byte(n)}
	case n < 0x10000:
		return []byte{id, 0x82, byte(n >> 8), byte(n)}
	}
	return []byte{id, 0x83, byte(n >> 16), byte(n >> 8), byte(n)}
}

func tSeq(parts ...[]byte) []byte            { return tlv(idSequence, parts...) }
func tCtx(n byte, parts ...[]byte) []byte    { return tlv(ctx(n), parts...) }
func tApp(n MsgType, parts ...[]byte) []byte { return tlv(app(byte(n)), parts...) }
func tOctets(b []byte) []byte                { return tlv(idOctetString, b) }
func tText(s string) []byte                  { return tlv(idGeneralString, []byte(s)) }
func tTime(s string) []byte                  { return tlv(idGeneralizedTime, []byte(s)) }

func tInt(v int64) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(v))
	for len(b) > 1 && (b[0] == 0 && b[1] < 0x80 || b[0] == 0xff && b[1] >= 0x80) {
		b = b[1:]
	}
	return tlv(idInteger, b)
}

func tFlags(v uint32) []byte {
	return tlv(idBitString, binary.BigEndian.AppendUint32([]byte{0}, v))
}

func tName(typ int64, name string) []byte {
	var parts [][]byte
	for _, c := range strings.Split(name, "/") {
		parts = append(parts, tText(c))
	}
	return tSeq(tCtx(0, tInt(typ)), tCtx(1, tSeq(parts...)))
}

func tEnc(etype int64, kvno int64, cipher []byte) []byte {
	if kvno == noKVNO {
		return tSeq(tCtx(0, tInt(etype)), tCtx(2, tOctets(cipher)))
	}
	return tSeq(tCtx(0, tInt(etype)), tCtx(1, tInt(kvno)), tCtx(2, tOctets(cipher)))
}

const noKVNO = int64(1) << 62

func tTicket(realm, sname string, etype, kvno int64, cipher []byte) []byte {
	return tlv(app(1), tSeq(tCtx(0, tInt(5)), tCtx(1, tText(realm)), tCtx(2, tName(2, sname)), tCtx(3, tEnc(etype, kvno, cipher))))
}

func tPA(typ int64, value []byte) []byte {
	return tSeq(tCtx(1, tInt(typ)), tCtx(2, tOctets(value)))
}

func tEtypes(list ...int64) []byte {
	var parts [][]byte
	for _, e := range list {
		parts = append(parts, tInt(e))
	}
	return tSeq(parts...)
}

func filled(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + 1)
	}
	return b
}

const realm = "CONTOSO.COM"

// asReq is what Windows sends, with PA-ENC-TIMESTAMP.
func asReq() []byte {
	return tApp(ASReq, tSeq(
		tCtx(1, tInt(5)), tCtx(2, tInt(10)),
		tCtx(3, tSeq(
			tPA(2, tEnc(18, noKVNO, filled(56))),
			tPA(128, tSeq(tCtx(0, tlv(idBoolean, []byte{0xff})))))),
		tCtx(4, tSeq(
			tCtx(0, tFlags(0x40810010)),
			tCtx(1, tName(1, "MAILBOX-1$")),
			tCtx(2, tText(realm)),
			tCtx(3, tName(2, "krbtgt/"+realm)),
			tCtx(5, tTime("20370913024805Z")),
			tCtx(6, tTime("20370913024805Z")),
			tCtx(7, tInt(4294967295)),
			tCtx(8, tEtypes(18, 17, 23, 24, -135, 3, 18)),
			tCtx(9, tSeq(tSeq(tCtx(0, tInt(20)), tCtx(1, tOctets([]byte("MAILBOX-1       ")))))),
		))))
}

func apReq() []byte {
	return tApp(APReqMsg, tSeq(
		tCtx(0, tInt(5)), tCtx(1, tInt(14)), tCtx(2, tFlags(0x20000000)),
		tCtx(3, tTicket(realm, "SMTPSVC/hub-1.contoso.com", 18, 1, filled(1100))),
		tCtx(4, tEnc(18, noKVNO, filled(230)))))
}

func tgsReq() []byte {
	tgt := tApp(APReqMsg, tSeq(
		tCtx(0, tInt(5)), tCtx(1, tInt(14)), tCtx(2, tFlags(0)),
		tCtx(3, tTicket(realm, "krbtgt/"+realm, 18, 2, filled(1000))),
		tCtx(4, tEnc(23, noKVNO, filled(200)))))
	return tApp(TGSReq, tSeq(
		tCtx(1, tInt(5)), tCtx(2, tInt(12)),
		tCtx(3, tSeq(tPA(1, tgt), tPA(167, tSeq(tCtx(0, tFlags(0x40000000)))))),
		tCtx(4, tSeq(
			tCtx(0, tFlags(0x40810000)),
			tCtx(2, tText(realm)),
			tCtx(3, tName(2, "SMTPSVC/hub-1.contoso.com")),
			tCtx(5, tTime("20370913024805Z")),
			tCtx(7, tInt(77)),
			tCtx(8, tEtypes(18, 17, 23, 24, -135)),
			tCtx(10, tEnc(23, noKVNO, filled(80))),
		))))
}

func tgsRep() []byte {
	return tApp(TGSRep, tSeq(
		tCtx(0, tInt(5)), tCtx(1, tInt(13)),
		tCtx(3, tText(realm)), tCtx(4, tName(1, "MAILBOX-1$")),
		tCtx(5, tTicket(realm, "SMTPSVC/hub-1.contoso.com", 18, 1, filled(1100))),
		tCtx(6, tEnc(18, noKVNO, filled(300)))))
}

func krbError(code int64, eData []byte) []byte {
	fields := [][]byte{
		tCtx(0, tInt(5)), tCtx(1, tInt(30)), tCtx(4, tTime("20260724121314Z")), tCtx(5, tInt(123456)),
		tCtx(6, tInt(code)), tCtx(9, tText(realm)), tCtx(10, tName(2, "krbtgt/"+realm)),
	}
	if eData != nil {
		fields = append(fields, tCtx(12, tOctets(eData)))
	}
	return tApp(KRBErrorMsg, tSeq(fields...))
}
