package hostile

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Floods of large messages, and of messages whose parts are many or long.

// udpLarge writes a datagram in fragments.
func (w *writer) udpLarge(from, to end, payload []byte) {
	const most = 1480
	be := binary.BigEndian
	b := be.AppendUint16(be.AppendUint16(make([]byte, 0, 8+len(payload)), from.port), to.port)
	b = append(be.AppendUint16(be.AppendUint16(b, uint16(8+len(payload))), 0), payload...)
	id := uint16(w.n)
	for at := 0; at < len(b); at += most {
		flags := uint16(at / 8)
		if at+most < len(b) {
			flags |= 0x2000
		}
		w.ip(17, from.host, to.host, id, flags, b[at:min(at+most, len(b))])
	}
}

// stream writes b as segments from the client.
func (t *talk) stream(b []byte) {
	for len(b) > 0 {
		k := min(1400, len(b))
		t.client(string(b[:k]))
		b = b[k:]
	}
}

// padata is a request with these PA-DATA in it.
func padataReq(client string, i int, pa ...[]byte) []byte {
	return tlv(0x6a, seq(field(1, number(5)), field(2, number(10)), field(3, seq(pa...)), field(4, body(name(1, client), name(2, "krbtgt", realm), i))))
}

func pa(kind int, value []byte) []byte { return seq(field(1, number(kind)), field(2, tlv(4, value))) }

// bigRequests: as long as a datagram can be, and nobody answers.
func bigRequests(w *writer, n int) {
	cookie := pa(133, make([]byte, 60000))
	for i := range n {
		w.udpLarge(client(i), kdc(88), padataReq(fmt.Sprint("user", i), i, cookie))
	}
}

// manyElements: each request of a thousand elements, and nobody answers.
func manyElements(w *writer, n int) {
	var list [][]byte
	for k := range 1000 {
		list = append(list, pa(k, nil))
	}
	for i := range n {
		w.udpLarge(client(i), kdc(88), padataReq(fmt.Sprint("user", i), i, list...))
	}
}

// kpasswd: requests to change a password, over UDP and TCP, small and large.
func kpasswd(w *writer, n int) {
	priv := tlv(0x75, seq(field(0, number(5)), field(1, number(21)), field(3, encrypted(9))))
	large := tlv(0x75, seq(field(0, number(5)), field(1, number(21)), field(3, seq(field(0, number(18)), field(2, tlv(4, make([]byte, 60000)))))))
	pdu := func(ap, priv []byte) []byte {
		be := binary.BigEndian
		b := be.AppendUint16(nil, uint16(6+len(ap)+len(priv)))
		b = be.AppendUint16(be.AppendUint16(b, 1), uint16(len(ap)))
		return append(append(b, ap...), priv...)
	}
	for i := range n {
		ap := apReq("kadmin", i)
		switch i % 64 {
		case 0:
			w.udpLarge(client(i), kdc(464), pdu(apReqLarge(), priv))
		case 1:
			t := w.connect(client(i), kdc(464))
			for range 4 {
				p := pdu(ap, large)
				t.stream(append(binary.BigEndian.AppendUint32(nil, uint32(len(p))), p...))
			}
		default:
			w.udp(client(i), kdc(464), pdu(ap, priv))
		}
	}
}

// dnsTalks: clients that begin to agree on a key with a DNS server.
func dnsTalks(w *writer, n int) {
	be := binary.BigEndian
	query := func(i int, token []byte) []byte {
		owner := fmt.Sprintf("\x0a%010d\x07example\x03com\x00", i)
		b := be.AppendUint16(nil, uint16(i))
		b = append(b, "\x00\x00\x00\x01\x00\x00\x00\x00\x00\x01"...)
		b = append(append(b, owner...), "\x00\xf9\x00\xff"...)
		data := append([]byte("\x08gss-tsig\x00"), make([]byte, 8)...)
		data = append(data, 0, 3, 0, 0)
		data = append(be.AppendUint16(data, uint16(len(token))), token...)
		data = append(data, 0, 0)
		b = append(append(b, owner...), "\x00\xf9\x00\xff\x00\x00\x00\x00"...)
		return append(be.AppendUint16(b, uint16(len(data))), data...)
	}
	large := tlv(0x60, append([]byte("\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01\x00"), apReqLarge()...))
	for i := range n {
		if i%16 == 0 {
			w.udpLarge(client(i), kdc(53), query(i, large))
			continue
		}
		token := tlv(0x60, append([]byte("\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01\x00"), apReq("dns.example.com", i)...))
		w.udp(client(i), kdc(53), query(i, token))
	}
}

// longNames: every name as long as is kept, and salts without end.
func longNames(w *writer, n int) {
	long := func(what string, i int) string {
		return fmt.Sprintf("%s%08d", strings.Repeat(what, 500/len(what)), i)
	}
	for i := range n {
		c := client(i)
		user, host := long("user", i), long("host", i)
		w.udp(c, kdc(88), tlv(0x6a, seq(field(1, number(5)), field(2, number(10)), field(4, body(name(1, user), name(2, "HTTP", host), i)))))
		var info [][]byte
		for k := range 40 {
			info = append(info, seq(field(0, number(k)), field(1, text(long("salt", i*64+k)))))
		}
		edata := seq(pa(19, seq(info...)))
		e := tlv(0x7e, seq(field(0, number(5)), field(1, number(30)), field(4, when()), field(5, number(1)), field(6, number(24)),
			field(7, text(realm)), field(8, name(1, user)), field(9, text(realm)), field(10, name(2, "HTTP", host)),
			field(11, text(long("said", i))), field(12, tlv(4, edata))))
		w.udpLarge(kdc(88), c, e)
	}
}

// showings: tickets, each shown by many clients again and again.
func showings(w *writer, n int) {
	for i := range n {
		c := end{1<<16 + uint32(i/4096), uint16(1025 + i%50000)}
		t := apReq("tgs", i%4096)
		q := seq(seq(field(1, number(1)), field(2, tlv(4, t))))
		w.udp(c, kdc(88), tlv(0x6c, seq(field(1, number(5)), field(2, number(12)), field(3, q), field(4, body(nil, name(2, "HTTP", "web.example.com"), i)))))
		w.udp(kdc(88), c, krbError(7, "", ""))
	}
}

// pipes: named pipes, each with the beginning of a message that never ends.
func pipes(w *writer, n int) {
	le := binary.LittleEndian
	write := func(i int) []byte {
		data := append([]byte("\x05\x00\x0b\x03\x10\x00\x00\x00\xff\xff\x00\x40\x01\x00\x00\x00"), make([]byte, 60000)...)
		b := append([]byte("\xfeSMB\x40\x00\x01\x00\x00\x00\x00\x00\x09\x00\x01\x00"), make([]byte, 48)...)
		le.PutUint64(b[24:], uint64(i%64)+1)
		b = append(b, 49, 0, 112, 0)
		b = le.AppendUint32(b, uint32(len(data)))
		b = append(b, make([]byte, 8)...)
		b = le.AppendUint64(le.AppendUint64(b, uint64(i)+1), 7)
		b = append(append(b, make([]byte, 16)...), data...)
		return append([]byte{0, 0, byte(len(b) >> 8), byte(len(b))}, b...)
	}
	var t *talk
	for i := range n {
		if i%32 == 0 {
			t = w.connect(client(i/32), kdc(445))
		}
		t.stream(write(i))
	}
}

// mixed is a part of each of the others, one after the other in small turns:
// what each limit leaves stands beside what the others leave.
func mixed(w *writer, n int) {
	const turns = 50
	for turn := range turns {
		for k, in := range single {
			if in.write == nil {
				continue
			}
			w.shift = uint32(turn*len(single)+k) << 12
			in.write(w, n/turns*(in.Full/1000)/1000)
		}
	}
}
