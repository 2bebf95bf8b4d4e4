package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
)

// endpoints are the two ends of a flow.
type endpoints struct {
	v6             bool
	client, server endpoint
}

type endpoint struct {
	mac  [6]byte
	ip   [16]byte // IPv4 in the first four
	port uint16
}

// A kind is one sort of unrelated traffic.
type kind struct {
	port     uint16
	udp      bool
	weight   int                                                      // share of the flows
	turns    int                                                      // requests in a flow, at most
	request  int                                                      // bytes of a request, at most
	response int                                                      // and of a response
	body     func(bg *background, b []byte, whole int, response bool) // whole: the length of the message that begins, 0: it goes on
}

var kinds = []kind{
	{port: 443, weight: 50, turns: 12, request: 900, response: 16000, body: tlsBody},
	{port: 445, weight: 12, turns: 30, request: 2000, response: 33000, body: smbBody},
	{port: 80, weight: 10, turns: 6, request: 700, response: 16000, body: httpBody},
	{port: 8080, weight: 4, turns: 6, request: 700, response: 12000, body: httpBody},
	{port: 22, weight: 4, turns: 200, request: 100, response: 400, body: noiseBody},
	{port: 53, udp: true, weight: 12, turns: 1, request: 40, response: 200, body: dnsBody},
	{port: 5004, udp: true, weight: 6, turns: 200, request: 1000, response: 1200, body: noiseBody},
	{port: 3478, udp: true, weight: 2, turns: 50, request: 300, response: 300, body: noiseBody},
}

// A flow is a conversation under way: requests and responses in turn, each cut
// into segments, every second segment acknowledged by an empty one.
type flow struct {
	kind
	endpoints
	step       int // 0, 1, 2: handshake; 3: data; 4: end
	seq        [2]uint32
	turnsLeft  int
	fromServer bool
	left       int  // bytes left of the message being sent
	first      bool // its first segment is to come
	unacked    int
	ackDue     bool
	id         uint16
}

type background struct {
	rng   *rand.Rand
	flows []flow
	pool  []byte // random bytes to cut payloads from
	text  []byte
	buf   [2048]byte
	data  [maxSeg]byte
	total int
}

func newBackground(rng *rand.Rand, n int) *background {
	bg := &background{rng: rng, flows: make([]flow, max(n, 1)), pool: make([]byte, 1<<20)}
	for i := 0; i+8 <= len(bg.pool); i += 8 {
		binary.LittleEndian.PutUint64(bg.pool[i:], rng.Uint64())
	}
	for i := 0; len(bg.text) < 1<<16; i++ {
		bg.text = fmt.Appendf(bg.text, "<tr><td class=\"row%d\">%s</td><td>%x</td></tr>\r\n", i%2, words[rng.IntN(len(words))], rng.Uint32())
	}
	for _, k := range kinds {
		bg.total += k.weight
	}
	for i := range bg.flows {
		bg.open(&bg.flows[i])
		// Flows that were there before the capture began are met halfway.
		if rng.IntN(4) == 0 {
			bg.flows[i].step = 3
		}
	}
	return bg
}

var words = []string{"mailbox", "queue", "transport", "delivery", "status", "report", "message", "summary", "folder", "rule"}

func (bg *background) open(f *flow) {
	r := bg.rng
	pick := r.IntN(bg.total)
	k := 0
	for ; pick >= kinds[k].weight; k++ {
		pick -= kinds[k].weight
	}
	*f = flow{kind: kinds[k], turnsLeft: 1 + r.IntN(kinds[k].turns)}
	f.v6 = r.IntN(10) == 0
	f.client = bg.host(f.v6, 1+r.IntN(4000), uint16(49152+r.IntN(16384)))
	f.server = bg.host(f.v6, 5000+r.IntN(500), f.port)
	f.seq = [2]uint32{r.Uint32(), r.Uint32()}
	f.turn(false)
	if f.udp {
		f.step = 3
	}
	bg.size(f)
}

// host returns host n of 172.16.0.0/12 or fd00:2::/64.
func (bg *background) host(v6 bool, n int, port uint16) (e endpoint) {
	e.mac = [6]byte{2, 0, 0, 1, byte(n >> 8), byte(n)}
	e.port = port
	if v6 {
		copy(e.ip[:], "\xfd\x00\x00\x02")
		binary.BigEndian.PutUint16(e.ip[14:], uint16(n))
		return e
	}
	copy(e.ip[:], []byte{172, 16, byte(n >> 8), byte(n)})
	return e
}

func (f *flow) turn(fromServer bool) { f.fromServer, f.first, f.left = fromServer, true, 0 }

// size draws the length of the message that f sends next.
func (bg *background) size(f *flow) {
	most := f.request
	if f.fromServer {
		most = f.response
	}
	// Most messages are short, a few are long.
	x := bg.rng.Float64()
	f.left = 64 + int(x*x*float64(most))
	if f.udp {
		f.left = min(f.left, 1400)
	}
}

// next returns the next frame of some flow, valid until the next call.
func (bg *background) next() []byte {
	f := &bg.flows[bg.rng.IntN(len(bg.flows))]
	if f.udp {
		return bg.nextUDP(f)
	}
	c, s := f.seq[0], f.seq[1]
	switch f.step {
	case 0:
		f.step++
		f.seq[0]++
		return tcpFrame(bg.buf[:], &f.endpoints, false, c, 0, flagSYN, nil)
	case 1:
		f.step++
		f.seq[1]++
		return tcpFrame(bg.buf[:], &f.endpoints, true, s, c, flagSYN|flagACK, nil)
	case 2:
		f.step++
		return tcpFrame(bg.buf[:], &f.endpoints, false, c, s, flagACK, nil)
	case 4:
		frame := tcpFrame(bg.buf[:], &f.endpoints, f.fromServer, f.seq[side(f.fromServer)], f.seq[side(!f.fromServer)], flagFIN|flagACK, nil)
		bg.open(f)
		return frame
	}
	me, peer := side(f.fromServer), side(!f.fromServer)
	if f.ackDue {
		f.ackDue = false
		return tcpFrame(bg.buf[:], &f.endpoints, !f.fromServer, f.seq[peer], f.seq[me], flagACK, nil)
	}
	n := min(f.left, maxSeg)
	if f.v6 {
		n = min(n, maxSeg-20)
	}
	payload := bg.data[:n]
	whole := 0
	if f.first {
		whole = f.left
	}
	f.body(bg, payload, whole, f.fromServer)
	flags := uint8(flagACK)
	f.left -= n
	if f.left == 0 {
		flags |= flagPSH
	}
	frame := tcpFrame(bg.buf[:], &f.endpoints, f.fromServer, f.seq[me], f.seq[peer], flags, payload)
	f.seq[me] += uint32(n)
	f.first = false
	if f.unacked++; f.unacked >= 2 && f.left > 0 {
		f.unacked, f.ackDue = 0, true
	}
	if f.left == 0 {
		bg.turned(f)
	}
	return frame
}

func (bg *background) nextUDP(f *flow) []byte {
	n := f.left
	payload := bg.data[:n]
	f.body(bg, payload, n, f.fromServer)
	f.id++
	frame := udpFrame(bg.buf[:], &f.endpoints, f.fromServer, f.id, payload)
	if bg.turned(f); f.step == 4 {
		bg.open(f)
	}
	return frame
}

// turned hands the word to the other side after a whole message.
func (bg *background) turned(f *flow) {
	if f.fromServer {
		if f.turnsLeft--; f.turnsLeft == 0 {
			f.step = 4
			return
		}
	}
	f.turn(!f.fromServer)
	bg.size(f)
}

func side(server bool) int {
	if server {
		return 1
	}
	return 0
}

func (bg *background) noise(b []byte) {
	copy(b, bg.pool[bg.rng.IntN(len(bg.pool)-len(b)):])
}

func noiseBody(bg *background, b []byte, whole int, response bool) { bg.noise(b) }

// tlsBody begins a message with the header of an application data record.
func tlsBody(bg *background, b []byte, whole int, response bool) {
	bg.noise(b)
	if whole > 5 {
		copy(b, "\x17\x03\x03")
		binary.BigEndian.PutUint16(b[3:], uint16(min(whole, 1<<14)-5))
	}
}

// smbBody begins a message with an SMB2 header: WRITE, or READ's answer.
func smbBody(bg *background, b []byte, whole int, response bool) {
	bg.noise(b)
	if whole < 70 {
		return
	}
	clear(b[:68])
	binary.BigEndian.PutUint32(b, uint32(whole-4))
	copy(b[4:], "\xfeSMB\x40\x00")
	b[16] = 9 // WRITE
	if response {
		b[16], b[20] = 8, 1 // READ, from the server
	}
}

func httpBody(bg *background, b []byte, whole int, response bool) {
	copy(b, bg.text[bg.rng.IntN(len(bg.text)-len(b)):])
	if whole == 0 {
		return
	}
	head, end := "GET /owa/service.svc HTTP/1.1\r\nCookie: s=", "\r\n\r\n"
	if response {
		head, end = fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %05d\r\n\r\n", whole-42), ""
	}
	copy(b, head)
	if !response { // what is between is the cookie
		for i := len(head); i < len(b); i++ {
			if b[i] == '\r' || b[i] == '\n' {
				b[i] = ' '
			}
		}
	}
	copy(b[len(b)-len(end):], end)
}

func dnsBody(bg *background, b []byte, whole int, response bool) {
	clear(b)
	if len(b) < 12 {
		return
	}
	binary.BigEndian.PutUint16(b, uint16(bg.rng.Uint32()))
	b[2], b[5] = 1, 1
	if response {
		b[2] = 0x81
		b[3] = 0x83 // no such name: an answer without answers
	}
	q := fmt.Appendf(nil, "\x04host\x07example\x03net\x00\x00\x01\x00\x01")
	copy(b[12:], q)
}
