// Command dc sends out of an interface, at a steady rate, what passes at a busy
// domain controller: a few thousand clients that get tickets by AS and TGS
// exchanges over UDP and TCP and bind to LDAP with them; a few percent are
// refused. It prints what it sent. With -o it writes a capture instead.
//
//	go run ./pcaps/big/dc -i v0 -rate 10000 -t 60s
package main

import (
	"bufio"
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	g := &generator{rng: rand.New(rand.NewPCG(1, 2)), port: map[uint32]uint16{}}
	name := flag.String("i", "", "send out of `INTERFACE`")
	out := flag.String("o", "", "write a capture to `FILE`; - is standard output")
	rate := flag.Float64("rate", 10000, "exchanges a second")
	length := flag.Duration("t", 10*time.Second, "for how long")
	clients := flag.Int("clients", 3000, "how many there are")
	flag.Float64Var(&g.bad, "bad", 0.03, "share of exchanges that are refused")
	flag.BoolVar(&g.scattered, "scattered", false, "everybody is refused now and then, rather than always the same few")
	flag.Parse()
	if err := run(g, *name, *out, *rate, *length, *clients); err != nil {
		fmt.Fprintln(os.Stderr, "dc:", err)
		os.Exit(1)
	}
}

func run(g *generator, name, out string, rate float64, length time.Duration, clients int) error {
	for n := range clients {
		g.clients = append(g.clients, &client{name: fmt.Sprintf("user%d", n), ip: 10<<24 | 1<<16 | uint32(n), tickets: map[int][]byte{}})
	}
	if out != "" {
		f := os.Stdout
		if out != "-" {
			var err error
			if f, err = os.Create(out); err != nil {
				return err
			}
		}
		w := bufio.NewWriterSize(f, 1<<20)
		w.WriteString("\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x01\x00\x00\x00")
		g.now = time.Unix(1_750_000_000, 0)
		g.send = func(b []byte) {
			var h [16]byte
			binary.LittleEndian.PutUint32(h[:], uint32(g.now.Unix()))
			binary.LittleEndian.PutUint32(h[4:], uint32(g.now.Nanosecond()/1000))
			binary.LittleEndian.PutUint32(h[8:], uint32(len(b)))
			binary.LittleEndian.PutUint32(h[12:], uint32(len(b)))
			w.Write(h[:])
			w.Write(b)
		}
		for began := g.now; g.now.Sub(began) < length; g.now = began.Add(time.Duration(float64(g.exchanges) / rate * 1e9)) {
			g.one()
		}
		if err := w.Flush(); err != nil {
			return err
		}
		return f.Close()
	}
	i, err := net.InterfaceByName(name)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: i.Index}); err != nil {
		return err
	}
	unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1)
	g.send = func(b []byte) {
		for {
			if _, err := unix.Write(fd, b); err == nil {
				return
			}
			g.refused++
			time.Sleep(50 * time.Microsecond)
		}
	}
	began := time.Now()
	for {
		g.now = time.Now()
		at := g.now.Sub(began)
		if at > length {
			break
		}
		if float64(g.exchanges) > at.Seconds()*rate {
			time.Sleep(200 * time.Microsecond)
			continue
		}
		g.one()
	}
	fmt.Printf(`{"exchanges":%d,"refusals":%d,"packets":%d,"bytes":%d,"again":%d,"seconds":%.2f}`+"\n",
		g.exchanges, g.refusals, g.packets, g.bytes, g.refused, time.Since(began).Seconds())
	return nil
}

// A client knows its tickets by service; services[0] is the TGS.
type client struct {
	name    string
	ip      uint32
	tickets map[int][]byte
}

type generator struct {
	rng       *rand.Rand
	now       time.Time
	clients   []*client
	port      map[uint32]uint16 // that each client used last
	bad       float64
	scattered bool
	send      func([]byte)
	buf       [1600]byte

	exchanges, refusals, packets, bytes, refused uint64
}

const (
	kdc      = 10<<24 | 2<<16 | 1
	services = 200
)

// one sends the next exchange, or the two with which a client logs on.
func (g *generator) one() {
	c := g.clients[g.rng.IntN(len(g.clients))]
	refused := g.rng.Float64() < g.bad
	kind := g.rng.IntN(10)
	service := 1 + g.rng.IntN(services)
	few := refused && !g.scattered
	if few && kind < 2 {
		c = g.clients[g.rng.IntN(min(60, len(g.clients)))]
	} else if few {
		service = 1 + g.rng.IntN(20)
	}
	switch {
	case kind < 2 || c.tickets[0] == nil:
		req := asReq(c.name, g.rng.Uint32(), false, g)
		g.udp(c, 88, req, krbError(25, c.name, "krbtgt", realm, g.now))
		req = asReq(c.name, g.rng.Uint32(), true, g)
		if refused {
			g.refusals++
			g.udp(c, 88, req, krbError(24, c.name, "krbtgt", realm, g.now))
			break
		}
		t := g.ticket("krbtgt", realm)
		c.tickets = map[int][]byte{0: t}
		g.udp(c, 88, req, kdcRep(11, c.name, t, g))
	case kind < 8 || c.tickets[service] == nil:
		host := fmt.Sprintf("srv%d.example.com", service)
		if few {
			host = "no" + host
		}
		req := tgsReq(c.tickets[0], "ldap", host, g.rng.Uint32(), g)
		rep := krbError(7, "", "ldap", host, g.now)
		if refused {
			g.refusals++
		} else {
			c.tickets[service] = g.ticket("ldap", host)
			rep = kdcRep(13, c.name, c.tickets[service], g)
		}
		if kind&1 == 0 {
			g.udp(c, 88, req, rep)
		} else {
			g.tcp(c, kdc, 88, record(req), record(rep))
		}
	default:
		req := apReq(c.tickets[service], g)
		rep := tlv(0x6f, seq(field(0, number(5)), field(1, number(15)), field(2, encrypted(60, 0, g))))
		code, id := byte(14), byte(2) // saslBindInProgress: the security layer is still to come
		if refused {
			g.refusals++
			code, id, rep = 49, 3, krbError(41, "", "ldap", fmt.Sprintf("srv%d.example.com", service), g.now)
		}
		g.tcp(c, 10<<24|3<<16|uint32(service), 389, bindRequest(gssToken(1, req)), bindResponse(code, gssToken(id, rep)))
	}
}

// nextPort gives each of a client's conversations its own port.
func (g *generator) nextPort(c *client) uint16 {
	p := g.port[c.ip] + 1
	g.port[c.ip] = p
	return 49152 + p%16000
}

func (g *generator) udp(c *client, server uint16, req, rep []byte) {
	p := g.nextPort(c)
	g.packet(c.ip, kdc, 17, p, server, 0, 0, 0, req)
	g.packet(kdc, c.ip, 17, server, p, 0, 0, 0, rep)
	g.exchanges++
}

func (g *generator) tcp(c *client, at uint32, server uint16, req, rep []byte) {
	p := g.nextPort(c)
	a, b := g.rng.Uint32(), g.rng.Uint32()
	g.packet(c.ip, at, 6, p, server, a, 0, 2, nil)
	g.packet(at, c.ip, 6, server, p, b, a+1, 18, nil)
	g.packet(c.ip, at, 6, p, server, a+1, b+1, 16, nil)
	a, b = a+1, b+1
	g.packet(c.ip, at, 6, p, server, a, b, 24, req)
	a += uint32(len(req))
	g.packet(at, c.ip, 6, server, p, b, a, 24, rep)
	b += uint32(len(rep))
	g.packet(c.ip, at, 6, p, server, a, b, 17, nil)
	g.packet(at, c.ip, 6, server, p, b, a+1, 17, nil)
	g.packet(c.ip, at, 6, p, server, a+1, b+1, 16, nil)
	g.exchanges++
}

// packet sends one Ethernet frame; checksums are the card's business.
func (g *generator) packet(src, dst uint32, proto byte, sport, dport uint16, seq, ack uint32, flags byte, data []byte) {
	b, be := g.buf[:], binary.BigEndian
	head := 42
	if proto == 6 {
		head = 54
	}
	n := head + len(data)
	copy(b, "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00\x45\x00")
	be.PutUint16(b[16:], uint16(n-14))
	copy(b[18:], []byte{0, 0, 0x40, 0, 64, proto, 0, 0})
	be.PutUint32(b[26:], src)
	be.PutUint32(b[30:], dst)
	be.PutUint16(b[34:], sport)
	be.PutUint16(b[36:], dport)
	if proto == 6 {
		be.PutUint32(b[38:], seq)
		be.PutUint32(b[42:], ack)
		copy(b[46:], []byte{5 << 4, flags, 0xfa, 0xf0, 0, 0, 0, 0})
	} else {
		be.PutUint16(b[38:], uint16(n-34))
		be.PutUint16(b[40:], 0)
	}
	copy(b[head:], data)
	for n < 60 {
		b[n] = 0
		n++
	}
	g.packets++
	g.bytes += uint64(n)
	g.send(b[:n])
}
