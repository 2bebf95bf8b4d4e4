package hostile

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
)

func portScan(w *writer, n int) {
	for i := range n {
		// Every port of one host after the other; one probe in eight is of a port that is followed.
		port := uint16(i)
		if i%8 == 0 {
			port = [...]uint16{88, 445, 25, 389}[i/8%4]
		}
		w.tcp(end{7, uint16(40000 + i%20000)}, end{1<<16 + uint32(i/256), port}, uint32(i), 0, syn, nil)
	}
}

func fragments(w *writer, n int) {
	for i := range n {
		body := append(make([]byte, 0, 1400), "\xc0\x00\x00\x58\x20\x00\x00\x00"...)
		w.ip(17, 1<<16+uint32(i>>16), 1, uint16(i), 0x2000, body[:8+i%64*21/8*8])
	}
}

func recordMarks(w *writer, n int) {
	for i := range n {
		c := client(i)
		w.tcp(c, kdc(88), 1, 0, syn, nil)
		mark := binary.BigEndian.AppendUint32(nil, [...]uint32{0xffffffff, 0x7fffffff, 1 << 20, 1<<20 - 1}[i%4])
		w.tcp(c, kdc(88), 2, 1, ack|psh, append(mark, asReq(fmt.Sprint("c", i), i)[:40]...))
	}
}

func missingBytes(w *writer, n int) {
	filler := make([]byte, 1400)
	for i := range n {
		c := client(i)
		w.tcp(c, kdc(88), 1, 0, syn, nil)
		w.tcp(c, kdc(88), 1000, 1, ack, filler)
	}
}

func oneFlow(w *writer, n int) {
	t := w.connect(client(0), kdc(25))
	t.server("220 mx ESMTP\r\n")
	t.client("EHLO c\r\n")
	t.server("250-mx\r\n250 AUTH GSSAPI\r\n")
	line := strings.Repeat("A", 1400)
	for i := range n {
		t.client(line)
		if i%64 == 0 {
			w.tcp(t.s, t.c, t.ss, t.cs, ack, nil)
		}
	}
}

func tickets(w *writer, n int) {
	for i := range n {
		c := client(i)
		service := fmt.Sprintf("host%d.example.com", i)
		w.udp(c, kdc(88), tgsReq(service, i))
		w.udp(kdc(88), c, tgsRep(service, i))
	}
}

func clients(w *writer, n int) {
	for i := range n {
		c := client(i)
		w.udp(c, kdc(88), asReq(fmt.Sprintf("user%d", i), i))
		w.udp(kdc(88), c, krbError(6, fmt.Sprintf("user%d", i), ""))
	}
}

func krbErrors(w *writer, n int) {
	for i := range n {
		w.udp(kdc(88), client(i), krbError(41+i%20, fmt.Sprintf("u%d", i), fmt.Sprintf("what went wrong is %d", i)))
	}
}

// nesting: layers as deep as a packet is long.
func nesting(w *writer, n int) {
	der := make([]byte, 0, 1400)
	for len(der) < 1398 {
		der = append(der, 0x30, 0x80)
	}
	spnego := []byte("x")
	for len(spnego) < 1200 {
		spnego = tlv(0x60, append([]byte("\x06\x06\x2b\x06\x01\x05\x05\x02"), tlv(0xa0, tlv(0x30, tlv(0xa2, tlv(0x04, spnego))))...))
	}
	var gre, ipip []byte
	for len(gre) < 1300 {
		gre = append(gre, "\x00\x00\x08\x00"...)
		gre = ipHeader(gre, 47, 5, 6, 1, 0, 1300-len(gre))
		ipip = ipHeader(ipip, 4, 5, 6, 1, 0, 1300-len(ipip))
	}
	tags := append([]byte(nil), "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02"...)
	for len(tags) < 1300 {
		tags = append(tags, "\x81\x00\x00\x07"...)
	}
	for i := range n {
		c := client(i)
		switch i % 6 {
		case 0:
			w.udp(c, kdc(88), append([]byte{0x6a, 0x82, 5, 0x70, 0x30, 0x82, 5, 0x6c, 0xa1, 0x82, 5, 0x68}, der...))
		case 1:
			w.udp(c, kdc(88), tlv(0x7e, tlv(0x30, tlv(0xac, tlv(0x04, der[:1200])))))
		case 2:
			t := w.connect(c, kdc(25))
			t.server("220 mx ESMTP\r\n")
			t.client("AUTH GSS-SPNEGO " + base64.StdEncoding.EncodeToString(spnego[:900]) + "\r\n")
			t.server("535 no\r\n")
		case 3:
			w.ip(47, c.host, 2, uint16(i), 0, gre)
		case 4:
			w.ip(4, c.host, 2, uint16(i), 0, ipip)
		case 5:
			w.frame(tags)
		}
	}
}

func dnsFlood(w *writer, n int) {
	for i := range n {
		name := fmt.Sprintf("\x09_kerberos\x04_tcp\x02dc\x06_msdcs%cr%09d\x07example\x03com\x00", 10, i)
		host := fmt.Sprintf("\x0cdc%010d\x07example\x03com\x00", i)
		b := binary.BigEndian.AppendUint16(nil, uint16(i))
		b = append(b, "\x84\x00\x00\x01\x00\x01\x00\x00\x00\x01"...)
		b = append(append(b, name...), "\x00\x21\x00\x01"...)
		b = append(b, "\xc0\x0c\x00\x21\x00\x01\x00\x00\x02\x58"...)
		b = binary.BigEndian.AppendUint16(b, uint16(6+len(host)))
		b = append(append(b, "\x00\x00\x00\x64\x00\x58"...), host...)
		b = append(append(b, host...), "\x00\x01\x00\x01\x00\x00\x02\x58\x00\x04"...)
		b = binary.BigEndian.AppendUint32(b, 10<<24|uint32(i)&0xffffff)
		w.udp(kdc(53), client(i), b)
	}
}

func smtpFlood(w *writer, n int) {
	for i := range n {
		t := w.connect(client(i), kdc(25))
		t.server(fmt.Sprintf("220 mx%d ESMTP\r\n", i))
		t.client(fmt.Sprintf("EHLO c%d\r\n", i))
		t.server("250-mx\r\n250 AUTH GSSAPI\r\n")
		t.client("AUTH GSSAPI " + gssToken(i) + "\r\n")
		t.server("535 5.7.8 no\r\n")
		if i%2 == 0 {
			t.close()
		}
	}
}

func attempts(w *writer, n int) {
	t := w.connect(client(0), kdc(25))
	t.server("220 mx ESMTP\r\n")
	t.client("EHLO c\r\n")
	t.server("250-mx\r\n250 AUTH GSSAPI\r\n")
	for i := range n {
		t.client("AUTH GSSAPI " + gssToken(i) + "\r\n")
		t.server("535 5.7.8 no\r\n")
	}
}

// kdcs: nobody answers, and no two are asked.
func kdcs(w *writer, n int) {
	for i := range n {
		c := client(i)
		for range 2 {
			w.udp(c, end{1<<22 + uint32(i), 88}, asReq(fmt.Sprintf("user%d", i%1000), i))
		}
	}
}

// bigTokens: sessions that begin with a token as large as one can be, and go on
// no further.
func bigTokens(w *writer, n int) {
	large := base64.StdEncoding.EncodeToString(tlv(0x60, append([]byte("\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01\x00"), apReqLarge()...)))
	for i := range n {
		t := w.connect(client(i), kdc(25))
		t.server("220 mx ESMTP\r\n")
		t.client("EHLO c\r\n")
		t.server("250-mx\r\n250 AUTH GSSAPI\r\n")
		for rest := "AUTH GSSAPI " + large + "\r\n"; rest != ""; {
			k := min(1400, len(rest))
			t.client(rest[:k])
			rest = rest[k:]
		}
	}
}
