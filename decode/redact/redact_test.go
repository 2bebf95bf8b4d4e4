package redact

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
	"kerbscope/decode/flow"
)

func did(do func([]byte), s string) string {
	b := []byte(s)
	do(b)
	return string(b)
}

// Names keep their shape and what they are to each other.
func TestNames(t *testing.T) {
	r := New("test", 0)
	realm := did(r.name, "CONTOSO.COM")
	assert.Regexp(t, `^[A-Z]{7}\.COM$`, realm)
	assert.NotEqual(t, "CONTOSO.COM", realm)
	assert.Equal(t, strings.ToLower(realm), did(r.name, "contoso.com"))
	host := did(r.name, "hub-1.contoso.com")
	assert.Regexp(t, `^[a-z]{3}-[0-9]\.[a-z]{7}\.com$`, host)
	assert.Equal(t, strings.ToLower(realm), host[len("hub-1."):])
	assert.Equal(t, strings.ToUpper(host[:5])+"$", did(r.name, "HUB-1$"))
	assert.Equal(t, realm[:7], did(r.name, "CONTOSO"))
	assert.NotEqual(t, did(r.name, "alice"), did(r.name, "bobby"))

	// NetBIOS knows the first fifteen.
	long := did(r.name, "verylonghostname-17.contoso.com")
	assert.Equal(t, long[:15], did(r.name, "verylonghostnam"))

	class, spn := []byte("smtp"), []byte("hub-1.contoso.com")
	r.principal([][]byte{class, spn})
	assert.Equal(t, "smtp", string(class))
	assert.Equal(t, host, string(spn))
	for _, s := range []string{"krbtgt", "kadmin", "changepw", "ANONYMOUS"} {
		assert.Equal(t, s, did(r.name, s))
	}
	utf := did(r.name, "jörg.müller")
	assert.Len(t, utf, len("jörg.müller"))
	assert.NotContains(t, utf, "rg")
	wideName := []byte("h\x00u\x00b\x00-\x001\x00")
	wide(wideName, r.name)
	assert.Equal(t, host[:5], strings.ReplaceAll(string(wideName), "\x00", ""))
}

// No two names get the same pseudonym, however many there are.
func TestNamesDiffer(t *testing.T) {
	r := New("test", 0)
	seen := map[string]string{}
	for i := range 3000 {
		name := "h" + strings.Repeat("x", i%3) + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('0'+i/676))
		is := did(r.name, name)
		if of, twice := seen[is]; twice {
			require.Equal(t, of, name)
		}
		seen[is] = name
		require.Equal(t, is, did(r.name, name))
	}
}

func TestSalts(t *testing.T) {
	r := New("test", 0)
	r.realm([]byte("CONTOSO.COM"))
	realm, alice, host := did(r.name, "CONTOSO.COM"), did(r.name, "alice"), did(r.name, "hub-1.contoso.com")
	admin := did(r.name, "admin")
	for in, want := range map[string]string{
		"CONTOSO.COMalice":                 realm + alice,
		"CONTOSO.COMhosthub-1.contoso.com": realm + "host" + host,
		"CONTOSO.COMsmtphub-1.contoso.com": realm + "smtp" + host,
		"CONTOSO.COMadminadmin":            realm + admin + admin,
		"CONTOSO.COMalice\x00":             realm + alice + "\x00",
	} {
		assert.Equal(t, want, did(r.salt, in), in)
	}
	assert.NotContains(t, did(r.salt, "CONTOSO.COMcarol"), "carol")
	assert.NotContains(t, did(r.salt, "ELSEWHERE.ORGcarol"), "ELSEWHERE")
}

// Text keeps the words of protocols and no others.
func TestText(t *testing.T) {
	r := New("test", 0)
	s := did(r.text, "535 5.7.8 Error: authentication failed: Customer Umbrella at 10.1.2.3:88")
	assert.Contains(t, s, "Error: authentication failed: ")
	assert.NotContains(t, s, "Umbrella")
	assert.NotContains(t, s, "Customer")
	assert.NotContains(t, s, "10.1.2.3")
	assert.Contains(t, s, ":88")
	r.name([]byte("error")) // once a name, always a name
	assert.NotContains(t, did(r.text, "Error: x"), "Error")
}

func TestLines(t *testing.T) {
	r := New("test", 0)
	line := func(s string, up bool) string {
		b := []byte(s)
		r.line(&side{}, b, up)
		return string(b)
	}
	assert.Equal(t, "PASS xxxxxxx\r\n", line("PASS hunter2\r\n", true))
	assert.Regexp(t, `^\S{4} LOGIN x{11}\r\n$`, line("a001 LOGIN bob hunter2\r\n", true))
	for _, s := range []string{"AUTH PLAIN AGJvYgBodW50ZXIy\r\n", "AGJvYgBodW50ZXIy\r\n", "Authorization: Basic Ym9iOmh1bnRlcjI=\r\n"} {
		got := line(s, true)
		assert.Len(t, got, len(s))
		assert.NotContains(t, got, "odW50ZXIy", s)
		assert.NotContains(t, got, "Ym9iOmh1bnR", s)
	}
	assert.Equal(t, "250-SIZE", line("250-SIZE 10240000\r\n", false)[:8])
}

// Addresses stay of their kind, as long as they were, and share what they shared.
func TestAddresses(t *testing.T) {
	r := New("test", 0)
	of := func(s string) netip.Addr { return r.addrs.of(netip.MustParseAddr(s)) }
	for _, s := range []string{"127.0.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.251", "::1", "::", "ff02::1"} {
		assert.Equal(t, s, of(s).String())
	}
	seen := map[netip.Addr]bool{}
	for _, s := range []string{"10.77.0.10", "10.77.0.20", "10.77.0.255", "10.78.0.10", "172.16.3.4", "172.32.3.4", "192.168.1.9", "192.0.2.7", "100.64.1.1", "100.1.1.1", "169.254.3.3",
		"8.8.8.8", "81.2.69.142", "fd77::10", "fd77::20", "2001:db8::7", "fe80::1:2", "2a00:1450:4001:82f::200e"} {
		a, n := netip.MustParseAddr(s), of(s)
		assert.False(t, seen[n], s)
		seen[n] = true
		assert.Equal(t, a.IsPrivate(), n.IsPrivate(), s)
		assert.Equal(t, a.IsLinkLocalUnicast(), n.IsLinkLocalUnicast(), s)
		assert.Len(t, n.String(), len(s), s)
		assert.Equal(t, n, of(s))
	}
	same, err := of("10.77.0.10").Prefix(24)
	require.NoError(t, err)
	assert.True(t, same.Contains(of("10.77.0.20")))
	assert.False(t, same.Contains(of("10.78.0.10")))
	for last := range 256 {
		n := r.addrs.of(netip.AddrFrom4([4]byte{10, 1, 2, byte(last)}))
		assert.False(t, seen[n])
		seen[n] = true
	}
}

func TestMACs(t *testing.T) {
	r := New("test", 0)
	a := []byte{0, 0x50, 0x56, 1, 2, 3}
	r.mac(a)
	assert.Equal(t, byte(2), a[0]&3)
	for _, s := range []string{"\xff\xff\xff\xff\xff\xff", "\x01\x00\x5e\x00\x00\xfb", "\x00\x00\x00\x00\x00\x00"} {
		assert.Equal(t, s, did(r.mac, s))
	}
}

// Equal bytes are hidden by equal ones, by others with another key, and every
// run has its own.
func TestHide(t *testing.T) {
	x := strings.Repeat("secret", 20)
	a, b := New("one", 0), New("two", 0)
	assert.Equal(t, did(a.hide, x), did(a.hide, x))
	assert.NotEqual(t, did(a.hide, x), did(b.hide, x))
	assert.NotEqual(t, did(New("", 0).hide, x), did(New("", 0).hide, x))
	assert.Len(t, did(a.hide, x), len(x))
}

func TestTimes(t *testing.T) {
	r := New("test", -25*time.Hour-1500*time.Millisecond)
	assert.Equal(t, -25*time.Hour-time.Second, r.Shift())
	assert.Equal(t, "20261121225959Z", did(r.time, "20261123000000Z"))
	assert.Equal(t, "261121225959Z", did(r.time, "261123000000Z"))
	assert.Equal(t, strings.Repeat("\x00", 6), did(r.time, "carol!"))
	assert.Equal(t, "Sat, 21 Nov 2026 22:59:59 GMT", did(r.httpDate, "Mon, 23 Nov 2026 00:00:00 GMT"))
}

// An NTLM message keeps its numbers; its names are those of elsewhere.
func TestNTLM(t *testing.T) {
	r := New("test", 0)
	b := make([]byte, 88)
	copy(b, "NTLMSSP\x00\x03")
	put := func(at int, off, n int) {
		binary.LittleEndian.PutUint16(b[at:], uint16(n))
		binary.LittleEndian.PutUint16(b[at+2:], uint16(n))
		binary.LittleEndian.PutUint32(b[at+4:], uint32(off))
	}
	put(12, 64, 0)
	put(20, 64, 4)
	put(28, 68, 0)
	put(36, 68, 10)
	put(44, 68, 0)
	put(52, 78, 4)
	binary.LittleEndian.PutUint32(b[60:], 1)
	copy(b[64:], "\x01\x02\x03\x04a\x00l\x00i\x00c\x00e\x00\x05\x06\x07\x08rest??")
	assert.True(t, r.token(b))
	alice := did(r.name, "alice")
	assert.Equal(t, alice, strings.ReplaceAll(string(b[68:78]), "\x00", ""))
	assert.NotEqual(t, "\x01\x02\x03\x04", string(b[64:68]))
	assert.Equal(t, make([]byte, 6), b[82:])
}

// What is not understood is wiped.
func TestUnknown(t *testing.T) {
	for _, carrier := range carriers {
		r := New("test", 0)
		b := []byte(strings.Repeat("\x00\x00Payroll of Umbrella: 4711 \x81\x92\xa3", 8))
		h := &half{ranges: []piece{{0, b}}}
		r.stream(carrier, h, true)
		assert.NotContains(t, string(b), "Umbrella", carrier)
		assert.NotContains(t, string(b), "Payroll", carrier)
		assert.NotContains(t, string(b), "4711", carrier)
	}
}

var carriers = []string{"kdc", "kpasswd", "smtp", "imap", "pop", "sieve", "xmpp", "http", "ldap", "smb2", "smb", "dcerpc", "dns", "tds", "rpcsec_gss", "nmf", "nns", "amqp", "rdp", "tls", "raw", ""}

// FuzzStream: whatever comes, it is as long afterwards, and the same twice.
func FuzzStream(f *testing.F) {
	for i, seed := range []string{
		"0000006a6a68306630", "00000040fe534d4240000000", "05000b0710000000480000", "300c020101600702010304008000", "16030100c8010000c40303",
		hex.EncodeToString([]byte("220 mail.contoso.com ESMTP\r\n250-AUTH GSSAPI\r\n334 YIIFuw==\r\n")),
		hex.EncodeToString([]byte("POST /KdcProxy HTTP/1.1\r\nHost: a:8080\r\nContent-Length: 5\r\n\r\n\x30\x03\xa0\x01\x00")),
		"8000002800000001000000010000000000000006", "100100600000010058000000", "000000200200010000", "4e544c4d53535000020000000c000c0038",
	} {
		b, err := hex.DecodeString(seed)
		require.NoError(f, err)
		f.Add(uint8(i), true, b)
		f.Add(uint8(i+9), false, b)
	}
	f.Fuzz(func(t *testing.T, kind uint8, up bool, b []byte) {
		carrier := carriers[int(kind)%len(carriers)]
		once, twice := bytes.Clone(b), bytes.Clone(b)
		for _, x := range [][]byte{once, twice} {
			New("fuzz", time.Hour).stream(carrier, &half{ranges: []piece{{0, x}}}, up)
		}
		require.Equal(t, once, twice)
		for _, carrier := range []string{"kdc", "kpasswd", "dns", "cldap", "rpcsec_gss", ""} {
			New("fuzz", 0).udp(carrier, bytes.Clone(b))
		}
		New("fuzz", 0).token(bytes.Clone(b))
		New("fuzz", 0).base64(bytes.Clone(b))
	})
}

// FuzzFrame: a frame of any link type is given out no longer than it was, or not at all.
func FuzzFrame(f *testing.F) {
	udp := []byte("\x00\x01\x02\x03\x04\x05\x00\x01\x02\x03\x04\x06\x08\x00\x45\x00\x00\x24\x00\x01\x00\x00\x40\x11\x00\x00\x0a\x01\x02\x03\x0a\x01\x02\x04\x10\x00\x00\x58\x00\x10\x00\x00\x6a\x06\x30\x04\xa1\x02\x02\x05")
	f.Add(uint16(1), udp)
	f.Add(uint16(101), udp[14:])
	f.Add(uint16(113), append(make([]byte, 2), udp...))
	f.Fuzz(func(t *testing.T, link uint16, b []byte) {
		r := New("fuzz", 0)
		file := r.Of()
		pk := capture.Packet{Record: capture.Record{Time: 1, Frame: 1, Len: uint32(len(b)), Wire: uint32(len(b)), Link: capture.LinkType(link)}, Data: bytes.Clone(b)}
		var p flow.Packet
		if v := flow.Peek(pk.Link, pk.Data, pk.Wire, &p); v == flow.TCP || v == flow.UDP {
			file.Keep(0, p.Proto, p.SrcAddrPort(), p.DstAddrPort(), "smtp", true)
		}
		file.Collect(0, pk)
		file.Seal()
		out, wire, _, ok := file.Packet(0, pk)
		require.Equal(t, b, pk.Data, "the input was changed")
		if ok {
			require.LessOrEqual(t, len(out), len(b)+60)
			require.LessOrEqual(t, uint32(len(out)), wire)
		}
	})
}
