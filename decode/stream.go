package decode

import (
	"net"
	"strconv"

	"kerbscope/decode/flow"
)

// Limits of one stream.
const (
	// maxProbe is how many bytes may be looked at before a connection that no
	// carrier claims is only searched for Kerberos.
	maxProbe = 4096
	// maxAttempts bounds the authentications kept of one Session.
	maxAttempts = 256
	// maxTokens bounds the legs kept of one Attempt.
	maxTokens = 32
	// maxRows bounds what one packet can complete before it is handed over.
	maxRows = 1024
)

// A stream is one TCP connection that is followed: it finds the carrier,
// drives the carrier's parser and makes of what the parser finds Messages,
// Attempts, AP exchanges and a Session.
type stream struct {
	// What every segment asks for stands first, in one cache line.
	d         *Decoder
	c         *flow.Conn
	p         parser
	rows      []*Message // found in the packet in hand, in order
	idling    bool       // authentication is over: the gate searches what follows
	dead      bool       // nothing of use will come
	seen      [2]bool    // bytes of this direction are in the capture
	inTLS     bool
	halfTalk  bool // the server answers in another connection
	ended     bool
	lastDown  int64  // time of the latest bytes from the server
	downBytes uint64 // of the server, when lastDown was set; those passed over aside

	car     *carrier
	udp     *udpTalk       // the datagrams it stands for; nil: TCP
	away    *stream        // where what is told of now stands
	kept    int            // see keep
	idleAt  FrameID        // since when it is idling
	live    []*liveAttempt // not over, oldest first
	lastOK  *Attempt
	usedAt  int64     // time of sess.AfterAuth
	kpasswd *Exchange // password exchange under way
	cookie  [16]byte  // of RPC over HTTP
	kdc     kdcParser // of a connection with a KDC
	sess    Session
}

// at is the stream that what is told of stands in.
func (s *stream) at() *stream {
	for s.away != nil {
		s = s.away
	}
	return s
}

// conn is the connection that what is told of stands in.
func (s *stream) conn() *flow.Conn { return s.at().c }

func newStream(d *Decoder, c *flow.Conn) *stream {
	var s *stream
	if n := len(d.spare); n > 0 {
		s, d.spare = d.spare[n-1], d.spare[:n-1]
	} else {
		s = new(stream)
	}
	s.d, s.c = d, c
	s.sess.Client, s.sess.Server = c.Client, c.Server
	return s
}

// maxSpare is how many streams that are over are kept for those to come.
const maxSpare = 1024

// reuse takes back a stream that is over, if nobody was handed any of it: a
// connection that said nothing of use, or with a KDC, which its exchanges tell of.
func (d *Decoder) reuse(s *stream) {
	if (s.car == nil || !s.tells()) && s.udp == nil && len(s.sess.Attempts) == 0 && len(d.spare) < maxSpare {
		*s = stream{}
		d.spare = append(d.spare, s)
	}
}

func (s *stream) half(d dir) *flow.Half { return s.c.Half(flow.Dir(d)) }

// bytes are the contiguous unread bytes of direction d, valid until the
// parser returns or skips.
func (s *stream) bytes(d dir) []byte {
	if s.dead || s.idling {
		return nil
	}
	return s.half(d).Bytes()
}

// discard says that n bytes of d are dealt with.
func (s *stream) discard(d dir, n int) { s.half(d).Discard(n) }

// atGap tells whether bytes that were not captured, or the end, follow right
// behind bytes(d): a unit begun in them will never be complete.
func (s *stream) atGap(d dir) bool {
	_, gap := s.half(d).Gap()
	return gap || s.half(d).Closed() || s.c.RST.Ok()
}

// gap tells whether bytes that were not captured stand at the read position:
// bytes(d) is empty and more comes only after skipGap.
func (s *stream) gap(d dir) bool {
	_, gap := s.half(d).Gap()
	return gap && len(s.half(d).Bytes()) == 0
}

// skipGap gives up what is left before the gap and goes on after it.
func (s *stream) skipGap(d dir) { s.half(d).Skip() }

// gapLen is the number of bytes missing behind bytes(d), 0: none.
func (s *stream) gapLen(d dir) int {
	n, _ := s.half(d).Gap()
	return int(min(n, 1<<31-1))
}

func (s *stream) serverPort() uint16 { return s.c.Server.Port() }
func (s *stream) clientPort() uint16 { return s.c.Client.Port() }

// run is called when something new stands in direction d.
func (s *stream) run(d dir) {
	if !s.dead {
		s.step(d)
	}
	s.flushRows()
	if s.dead || s.idling {
		s.c.Ignore()
	}
}

func (s *stream) step(d dir) {
	if s.idling {
		return
	}
	if s.p == nil && !s.choose() {
		return
	}
	// The parser must make progress; where it leaves a gap standing the
	// tracker goes on by itself.
	s.p.feed(d)
	for s.p == nil && !s.dead && s.choose() { // a tunnel, with something in it
		s.p.feed(d)
	}
	if !s.dead && !s.idling && s.p != nil {
		// What the other direction left unread may be readable now.
		if o := d.other(); len(s.half(o).Bytes()) > 0 {
			s.p.feed(o)
		}
	}
}

// choose finds the carrier of the connection from its first bytes.
func (s *stream) choose() bool {
	up, down := s.bytes(toServer), s.bytes(toClient)
	if len(up)+len(down) == 0 {
		return false
	}
	wait, port := false, s.serverPort()
	if s.sess.Tunnel != "" {
		port = tunnelPort(s.sess.Tunnel)
	}
	for i := range carriers {
		car := &carriers[i]
		switch car.probe(up, down, port) {
		case yes:
			s.take(car)
			return true
		case needMore:
			wait = true
		}
		if !s.c.ClientKnown && s.sess.Tunnel == "" && car.probe(down, up, s.clientPort()) == yes {
			s.c.Swap()
			s.sess.Client, s.sess.Server = s.c.Client, s.c.Server
			s.take(car)
			return true
		}
	}
	if wait && len(up)+len(down) < maxProbe && !s.atGap(toServer) && !s.atGap(toClient) {
		return false
	}
	s.take(&rawCarrier)
	return true
}

func (s *stream) take(car *carrier) {
	s.car = car
	if s.sess.Tunnel == "" {
		s.sess.Carrier = car.name
	}
	s.parse(car.open(s))
}

// parse makes p the parser of the stream. What the last one wanted to pass over
// is not its to decide any more.
func (s *stream) parse(p parser) {
	s.p = p
	s.half(toServer).TakePassed()
	s.half(toClient).TakePassed()
}

// tunnel says that from here on the connection carries another, to the host
// and port that the client asked for: its carrier is found as that of a
// connection is.
func (s *stream) tunnel(target string) {
	s.sess.Tunnel = string([]byte(target))
	s.keep(len(target))
	s.closeAttempts()
	s.parse(nil)
}

// tunnelPort is the port of a CONNECT's target, 0 when it has none.
func tunnelPort(target string) uint16 {
	_, port, err := net.SplitHostPort(target)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}

// idle says that authentication is over: what follows is only searched, by
// the gate, and resume picks the stream up again.
func (s *stream) idle() {
	s.idling = true
	s.idleAt = s.d.frame
}

// resume picks an idle stream up: its next bytes are read as those of a
// connection of the same carrier whose beginning was not captured.
func (s *stream) resume() {
	s.idling = false
	s.c.Resume()
	s.parse(s.car.open(s))
}

// ignore says that nothing of use will come.
func (s *stream) ignore() { s.dead = true }

// end closes the books when the connection is over.
func (s *stream) end(why flow.EndReason) {
	if !s.dead && s.p == nil && !s.idling {
		for _, d := range [...]dir{toServer, toClient} {
			if len(s.bytes(d)) > 0 && s.p == nil {
				s.choose()
			}
		}
	}
	if s.p != nil && !s.dead && !s.idling {
		for _, d := range [...]dir{toServer, toClient} {
			s.p.feed(d)
			if s.dead {
				break
			}
		}
	}
	s.flushRows()
	s.closeAttempts()
	s.endChannel()
	s.closePassword()
	s.sum(&s.sess)
	switch why {
	case flow.EndClosed:
		s.sess.End = EndFIN
	case flow.EndReset:
		s.sess.End = EndRST
	case flow.EndRefused:
		s.sess.End = EndRefused
	}
	if s.car != nil && s.tells() {
		s.d.sink.Session(&s.sess)
	}
	s.hold(-s.kept)
	// Whoever holds the Session holds the stream: no more than that is to stay.
	s.p, s.live, s.rows, s.kpasswd = nil, nil, nil, nil
}
