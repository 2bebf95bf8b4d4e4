package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
)

// forms are the ways that a name stands in packets.
func forms(s string) map[string][]byte {
	wide := func(o binary.AppendByteOrder) (b []byte) {
		for _, u := range utf16.Encode([]rune(s)) {
			b = o.AppendUint16(b, u)
		}
		return b
	}
	back := []byte(s)
	slices.Reverse(back)
	f := map[string][]byte{
		"plain": []byte(s), "UTF-16LE": wide(binary.LittleEndian), "UTF-16BE": wide(binary.BigEndian),
		"backwards": back, "URL": []byte(url.QueryEscape(s)),
	}
	for i := range 3 { // base64 at any offset: without the digits that neighbours are in
		e := base64.StdEncoding.EncodeToString(append(make([]byte, i), s...))
		f["base64 "+string(rune('0'+i))] = []byte(e[(i*8+5)/6 : (i+len(s))*8/6])
	}
	return f
}

// Names that must not be found, and words of protocols that are names here.
var planted = []string{"zquorvax", "brimfelder", "plonkwitz", "vexhamdomain", "sekretissim0", "10.99.88.77", "fd42:1234:5678::9abc"}

func leaks(t *testing.T, what string, b []byte) {
	t.Helper()
	low := bytes.ToLower(b)
	for _, s := range planted {
		for form, f := range forms(s) {
			for _, at := range [][]byte{b, low} {
				assert.False(t, bytes.Contains(at, f) || bytes.Contains(at, bytes.ToLower(f)), "%s: %s (%s)", what, s, form)
			}
		}
	}
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func wideOf(s string) string { return string(forms(s)["UTF-16LE"]) }

// labelsOf is a name as DNS has it.
func labelsOf(name string) string {
	var b strings.Builder
	for _, l := range strings.Split(name, ".") {
		b.WriteByte(byte(len(l)))
		b.WriteString(l)
	}
	return b.String() + "\x00"
}

// der is an element with what is in it.
func der(tag byte, in ...string) string {
	body := strings.Join(in, "")
	switch n := len(body); {
	case n < 0x80:
		return string([]byte{tag, byte(n)}) + body
	default:
		return string([]byte{tag, 0x82, byte(n >> 8), byte(n)}) + body
	}
}

// TestLeaks: whatever carries a name, and however it is written there, it is not
// in what is given out.
func TestLeaks(t *testing.T) {
	ldap := func(op string) string { return der(0x30, der(0x02, "\x05"), op) }
	bind := "\x05\x00\x0b\x03\x10\x00\x00\x00\x70\x00\x00\x00\x01\x00\x00\x00" + "\xd0\x16\xd0\x16\x00\x00\x00\x00\x01\x00\x00\x00" +
		"\x00\x00\x01\x00" + strings.Repeat("\x11", 40) + "zquorvax.vexhamdomain.local" + strings.Repeat("\x00", 13)
	bind = bind[:0x70]
	tlsHello := func(sni string) string {
		ext := "\x00\x00" + string([]byte{0, byte(len(sni) + 5), 0, byte(len(sni) + 3), 0, 0, byte(len(sni))}) + sni
		body := "\x03\x03" + strings.Repeat("R", 32) + "\x08sekretis" + "\x00\x08\x13\x01sekret" + "\x04sek\x00" + string([]byte{0, byte(len(ext))}) + ext
		hs := "\x01\x00\x00" + string([]byte{byte(len(body))}) + body
		return "\x16\x03\x01\x00" + string([]byte{byte(len(hs))}) + hs
	}
	cert := der(0x30, der(0x30, der(0x02, "\x01"), der(0x30, der(0x31, der(0x30, der(0x06, "\x55\x04\x03"), der(0x0c, "brimfelder CA")))),
		der(0x30, der(0x06, "\x55\x1d\x11"), der(0x04, der(0x30, der(0x82, "zquorvax.vexhamdomain.local"), der(0x87, "\x0a\x63\x58\x4d"),
			der(0xa0, der(0x06, "\x2b\x06\x01\x04\x01\x82\x37\x14\x02\x03"), der(0xa0, der(0x0c, "plonkwitz@vexhamdomain.local")))))),
		der(0x1e, string(forms("brimfelder")["UTF-16BE"]))))
	krbError := der(0x7e, der(0x30, der(0xa0, der(0x02, "\x05")), der(0xa1, der(0x02, "\x1e")), der(0xa4, der(0x18, "20261123000000Z")), der(0xa5, der(0x02, "\x01")),
		der(0xa6, der(0x02, "\x07")), der(0xa9, der(0x1b, "VEXHAMDOMAIN.LOCAL")), der(0xaa, der(0x30, der(0xa0, der(0x02, "\x02")), der(0xa1, der(0x30, der(0x1b, "HTTP"), der(0x1b, "zquorvax"))))),
		der(0xab, der(0x1b, "TGS_REQ (plonkwitz@VEXHAMDOMAIN.LOCAL) from 10.99.88.77: zquorvax")), der(0xac, der(0x04, wideOf("brimfelder sekretissim0")))))
	for _, c := range []struct{ carrier, up, down string }{
		{"smtp", "EHLO mail.vexhamdomain.local\r\nMAIL FROM:<plonkwitz@vexhamdomain.local>\r\nRCPT TO:<brimfelder@zquorvax>\r\nAUTH PLAIN " + b64("\x00plonkwitz\x00sekretissim0") + "\r\nAUTH LOGIN\r\n" + b64("plonkwitz") + "\r\n" + b64("sekretissim0") +
			"\r\nDATA\r\nSubject: brimfelder\r\n\r\nsekretissim0 10.99.88.77\r\n.\r\n",
			"220 mail.vexhamdomain.local ESMTP zquorvax [10.99.88.77] [fd42:1234:5678::9abc]\r\n250-plonkwitz%40vexhamdomain\r\n550 5.7.1 <brimfelder>: no\r\n334 " + b64("brimfelder") + "\r\n"},
		{"imap", "a1 LOGIN plonkwitz sekretissim0\r\na2 LOGIN {9}\r\nplonkwitz {12}\r\nsekretissim0\r\na3 AUTHENTICATE PLAIN " + b64("\x00plonkwitz\x00sekretissim0") + "\r\na4 SELECT \"brimfelder\"\r\n",
			"* OK [CAPABILITY IMAP4rev1] zquorvax.vexhamdomain.local ready\r\na1 NO plonkwitz: no\r\n* 1 FETCH (BODY[] {25}\r\nbrimfelder\r\nsekretissim0\r\n)\r\n"},
		{"pop", "USER plonkwitz\r\nPASS sekretissim0\r\nAPOP brimfelder c4c9334bac560ecc979e58001b3e22fb\r\n", "+OK zquorvax <1896.697170952@vexhamdomain>\r\n-ERR plonkwitz\r\n"},
		{"sieve", "AUTHENTICATE \"PLAIN\" \"" + b64("\x00plonkwitz\x00sekretissim0") + "\"\r\n", "\"IMPLEMENTATION\" \"zquorvax\"\r\nNO \"plonkwitz\"\r\n"},
		{"xmpp", "<stream:stream to='vexhamdomain' from='plonkwitz@vexhamdomain'><auth mechanism='PLAIN'>" + b64("\x00plonkwitz\x00sekretissim0") + "</auth>", "<stream:stream from='zquorvax'><failure><text>brimfelder</text></failure>"},
		{"http", "GET /~plonkwitz/brimfelder?u=plonkwitz%40vexhamdomain&x=" + url.QueryEscape(b64("sekretissim0")) + " HTTP/1.1\r\nHost: zquorvax:8080\r\nX-Plonkwitz: 10.99.88.77\r\nAuthorization: Basic " + b64("plonkwitz:sekretissim0") +
			"\r\nCookie: s=" + b64("plonkwitz sekretissim0") + "\r\nContent-Length: 12\r\n\r\nsekretissim0GET / HTTP/1.1\r\nAuthorization: Digest username=\"plonkwitz\", realm=\"brimfelder\"\r\n\r\n",
			"HTTP/1.1 401 zquorvax\r\nServer: brimfelder\r\nWWW-Authenticate: Basic realm=\"vexhamdomain\"\r\nLocation: http://plonkwitz:sekretissim0@10.99.88.77/\r\nTransfer-Encoding: chunked\r\n\r\nc\r\nsekretissim0\r\n0\r\n\r\nbrimfelder\r\n"},
		{"ldap", ldap(der(0x60, der(0x02, "\x03"), der(0x04, "cn=plonkwitz,dc=vexhamdomain"), der(0x80, "sekretissim0"))) +
			ldap(der(0x60, der(0x02, "\x03"), der(0x04, ""), der(0x80, "10.99.88.77"))) +
			ldap(der(0x63, der(0x04, "ou=brimfelder"), der(0x0a, "\x02"), der(0xa3, der(0x04, "sAMAccountName"), der(0x04, "plonkwitz")), der(0xa4, der(0x04, "cn"), der(0x30, der(0x80, "zquor"), der(0x82, "vax"))), der(0x87, "brimfelder"))) +
			ldap(der(0x77, der(0x80, "1.3.6.1.4.1.4203.1.11.1"), der(0x81, der(0x30, der(0x80, "plonkwitz"), der(0x81, "sekretissim0"), der(0x82, "sekretissim0"))))),
			ldap(der(0x65, der(0x0a, "\x01"), der(0x04, "dc=vexhamdomain"), der(0x04, "zquorvax says sekretissim0"), der(0xa3, der(0x04, "ldap://zquorvax/")))) + ldap(der(0x64, der(0x04, "cn=brimfelder"), der(0x30, der(0x30, der(0x04, "x"), der(0x31, der(0x04, "10.99.88.77"), der(0x04, "\x01\x05\x00\x00plonkwitz")))))) +
				ldap(der(0x64, der(0x04, ""), der(0x30, der(0x30, der(0x04, "Netlogon"), der(0x31, der(0x04, "\x17\x00\x00\x00\x00\x00\x00\x00"+strings.Repeat("G", 16)+labelsOf("vexhamdomain.local")+labelsOf("zquorvax")+"\x0aplonkwitzbrimfelder"))))))},
		{"dcerpc", bind, "\x05\x00\x0c\x03\x10\x00\x00\x00\x60\x00\x00\x00\x01\x00\x00\x00" + "\xd0\x16\xd0\x16\x00\x00\x00\x00\x09\x00zquorvax\x00" + "\x00\x01\x00\x00\x00" + strings.Repeat("\x00", 24) + "plonkwitz brimfelder vexhamdomain"[:29]},
		{"tls", tlsHello("zquorvax.vexhamdomain.local"), tlsHello("brimfelder")},
		{"rdp", "\x03\x00\x00\x20\x1b\xe0\x00\x00\x00\x00\x00Cookie: mstshash=plonkwitz\r\n\x01\x00\x08\x00\x0b\x00\x00\x00", "\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00brimfelder"},
		{"kdc", "\x00\x00" + string([]byte{byte(len(krbError) >> 8), byte(len(krbError))}) + krbError, "\x00\x00" + string([]byte{byte(len(krbError) >> 8), byte(len(krbError))}) + krbError},
		{"tds", "\x12\x01\x00\x48\x00\x00\x01\x00" + "zquorvax brimfelder sekretissim0 plonkwitz vexhamdomain 10.99.88.77 ..", ""},
		{"amqp", "\x00\x00\x00\x38\x02\x01\x00\x00plonkwitz sekretissim0 tuvwbrimfelder zquorvax...", "\x00\x00\x00\x30\x03\x01\x00\x00zquorvax\x00\x53\x41\xd0\x00\x00\x00\x10\x00\x00\x00\x02\xa1\x09plonkwitz"},
		{"raw", cert, krbError},
		{"smb2", "\x00\x00\x00\x28\xffSMB\x75\x00\x00\x00\x00\x18\x07\xc8zquorvax" + strings.Repeat("\x00", 20) + "plonkwitz", "\x81\x00\x00\x44\x20plonkwitz brimfelder sekretissim0"},
	} {
		up, down := []byte(c.up), []byte(c.down)
		r := New("leaks", 0)
		r.stream(c.carrier, &half{ranges: []piece{{0, up}}}, true)
		r.stream(c.carrier, &half{ranges: []piece{{0, down}}}, false)
		leaks(t, c.carrier, append(append(up, 0), down...))
	}
	r := New("leaks", 0)
	tok := []byte(der(0xa1, der(0x30, der(0xa2, der(0x04, cert)), der(0xa3, der(0x04, "plonkwitz")))))
	r.token(tok)
	leaks(t, "SPNEGO", tok)
	tok = []byte(cert)
	r.token(tok)
	leaks(t, "certificate", tok)
	for _, q := range []string{"zquorvax.vexhamdomain.local", "77.88.99.10.in-addr.arpa", "c.b.a.9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.7.6.5.4.3.2.1.2.4.d.f.ip6.arpa", "_ldap._tcp.brimfelder._sites.vexhamdomain.local"} {
		b := []byte("\x12\x34\x81\x80\x00\x01\x00\x03\x00\x00\x00\x00" + labelsOf(q) + "\x00\x0c\x00\x01" + "\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x3c\x00\x0b\x0abrimfelder" +
			"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x0a\x63\x58\x4d" + "\xc0\x0c\x00\x21\x00\x01\x00\x00\x00\x3c" + string([]byte{0, byte(6 + len(labelsOf("zquorvax.plonkwitz")))}) + "\x00\x00\x00\x64\x01\x85" + labelsOf("zquorvax.plonkwitz"))
		before := bytes.Clone(b)
		New("leaks", 0).udp("dns", b)
		leaks(t, "dns "+q, b)
		assert.NotContains(t, string(b), string(before[12:12+len(labelsOf(q))]), q)
		assert.NotContains(t, string(b), "\x0a\x63\x58\x4d", q)
	}
}

// Words of protocols are names where they stand in one, and from then on; where
// they do what protocols have them for they stay.
func TestWordsAsNames(t *testing.T) {
	r := New("words", 0)
	once := did(r.text, "220 mail.contoso.com ESMTP ready")
	assert.NotContains(t, once, "mail")
	assert.Regexp(t, `^\d+ \w+\.\w+\.com ESMTP ready$`, once)
	assert.NotContains(t, did(r.text, "no such user: mail"), "mail")
	for _, same := range []string{"HTTP/1.1", "AUTH GSSAPI LOGIN", "etherx.jabber.org", "authentication failed"} {
		if same == "HTTP/1.1" {
			assert.True(t, strings.HasPrefix(did(r.text, same), "HTTP/"))
			continue
		}
		assert.Equal(t, same, did(r.text, same))
	}
	assert.NotContains(t, did(r.text, "user@contoso.com"), "user")
	r.name([]byte("login.contoso.com"))
	assert.Equal(t, "AUTH LOGIN PLAIN", did(r.text, "AUTH LOGIN PLAIN"))
	r.name([]byte("Server Authentication CA")) // a sentence owns no words
	assert.Equal(t, "authentication failed", did(r.text, "authentication failed"))
}

// What stands before the quotation of an ICMP error goes, but for the MTU.
func TestICMPWord(t *testing.T) {
	quote := "\x45\x00\x00\x3c\x00\x01\x00\x00\x40\x11\x00\x00\x0a\x01\x02\x03\x0a\x01\x02\x04\x04\x00\x00\x58\x00\x28\x00\x00"
	r := New("icmp", 0)
	for head, want := range map[string]string{"\x03\x04\x00\x00ab\x05\xdc": "\x00\x00\x05\xdc", "\x03\x03\x00\x00abcd": "\x00\x00\x00\x00", "\x05\x01\x00\x00\x0a\x63\x58\x4d": "\x00\x00\x00\x00"} {
		assert.Equal(t, want, did(func(b []byte) { r.icmp(b, false) }, head+quote)[4:8])
	}
	assert.Equal(t, "\x00\x00\x05\x00", did(func(b []byte) { r.icmp(b, true) }, "\x02\x00\x00\x00\x00\x00\x05\x00"+quote)[4:8])
}

// Of the header that an ICMP error quotes the flags stay, and a checksum only
// where all of the packet is quoted: that of what it is now.
func TestICMPQuote(t *testing.T) {
	ip := func(proto string) string {
		return "\x03\x0d\x00\x00\x00\x00\x00\x00\x45\x00\x00\x3c\x00\x01\x00\x00\x40" + proto + "\x00\x00\x0a\x01\x02\x03\x0a\x01\x02\x04"
	}
	ip6 := func(proto string) string {
		return "\x01\x01\x00\x00\x00\x00\x00\x00\x60\x00\x00\x00\x00\x18" + proto + "\x40" + strings.Repeat("\xfd", 32)
	}
	tcp := "\x92\x3c\x00\x58SEQ.ACK.\xa0\x02\xfa\xf0"
	udp := "\x92\x3c\x00\x58\x00\x40"
	r := New("icmp", 0)
	for _, v6 := range []bool{false, true} {
		head, n := ip, 28
		if v6 {
			head, n = ip6, 48
		}
		got := did(func(b []byte) { r.icmp(b, v6) }, head("\x06")+tcp+"\xe9\x1a\x00\x00\x02\x04\x05\xb4")[n:]
		assert.Equal(t, tcp, got[:16])
		assert.Equal(t, strings.Repeat("\x00", 6), got[18:])
		assert.Equal(t, v6, got[16:18] != "\x00\x00", "whole in IPv6, cut in IPv4")
		assert.Equal(t, udp+strings.Repeat("\x00", 6), did(func(b []byte) { r.icmp(b, v6) }, head("\x11")+udp+"\xe9\x1adata")[n:])
		assert.Equal(t, "12345678\x00\x00", did(func(b []byte) { r.icmp(b, v6) }, head("\x2f")+"1234567890")[n:])
		assert.Equal(t, "\x92", did(func(b []byte) { r.icmp(b, v6) }, head("\x06")+"\x92")[n:])
	}
}

// Addresses in reverse names are those of elsewhere.
func TestReverse(t *testing.T) {
	r := New("reverse", 0)
	a := netip.MustParseAddr("fd77::30")
	raw := a.As16()
	var name []string
	for i := 31; i >= 0; i-- {
		name = append(name, string("0123456789abcdef"[raw[i/2]>>(4*(1-i%2))&15]))
	}
	b := []byte(labelsOf(strings.Join(name, ".") + ".ip6.arpa"))
	assert.Equal(t, len(b), r.dnsName(b, 0))
	want := r.addrs.of(a).As16()
	for i := range 32 {
		assert.Equal(t, "0123456789abcdef"[want[i/2]>>(4*(1-i%2))&15], b[2*(31-i)+1], "digit %d", i)
	}
	assert.True(t, bytes.HasSuffix(b, []byte("\x03ip6\x04arpa\x00")))
}

// OIDs of mechanisms and extensions stay, those that say whose they are do not.
func TestOIDs(t *testing.T) {
	r := New("oids", 0)
	for oid, stays := range map[string]bool{
		"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02": true, "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a": true, "\x55\x1d\x11": true,
		"\x2b\x06\x01\x04\x01\x82\x37\x15\x08\xd1\x1e\x86\x33": false, "\x2b\x06\x01\x04\x01\xfd\x4c\x01\x02": false,
	} {
		b := der(0x30, der(0x30, der(0x06, oid), der(0x05)))
		assert.Equal(t, stays, did(func(b []byte) { r.token(b) }, b) == b, "%x", oid)
	}
}
