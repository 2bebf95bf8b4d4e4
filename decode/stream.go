package decode

import (
	"net"
	"slices"
	"strconv"

	"kerbscope/decode/flow"
	"kerbscope/decode/gss"
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

// where says which frame completes bytes off to off+n of direction d: the last
// by number that holds any of them.
func (s *stream) where(d dir, off, n int) (frame FrameID, at int64) {
	var buf [4]FrameID
	frames := s.frames(buf[:0], d, off, n)
	return s.completes(frames, d, off, n)
}

// completes is where for the given frames, those of the bytes.
func (s *stream) completes(frames []FrameID, d dir, off, n int) (frame FrameID, at int64) {
	if s.udp != nil {
		return slices.Max(frames), s.d.now
	}
	frame = frames[len(frames)-1]
	switch {
	case frame == s.d.frame:
		at = s.d.now
	case off+n-1 >= 0:
		at = s.at().half(d).TimeAt(off + n - 1)
	}
	return frame, at
}

// frames appends to dst which frames hold bytes off to off+n of direction d,
// one at least.
func (s *stream) frames(dst []FrameID, d dir, off, n int) []FrameID {
	if s.udp != nil {
		return append(dst, s.udp.frames...)
	}
	var buf [4]uint64
	list := s.at().half(d).AppendFrames(buf[:0], off, n)
	if len(list) == 0 {
		return append(dst, s.d.frame)
	}
	for _, f := range list {
		dst = append(dst, FrameID(f))
	}
	return dst
}

// message makes the row of one Kerberos message whose bytes b stand at off to
// off+n of direction d. path is what stands between the carrier and it.
func (s *stream) message(d dir, off, n int, b []byte, path ...string) *Message {
	m := newMessage(b)
	if m == nil {
		return nil
	}
	s.place(m, d, off, n, path)
	s.d.opened(m)
	s.push(m)
	return m
}

// kdcMessage is message for one to or from a KDC that something else relays.
func (s *stream) kdcMessage(d dir, off, n int, b []byte, path string) {
	if m := s.message(d, off, n, b, path); m != nil {
		s.d.kdcMessage(m)
	}
}

// row makes an empty row for what stands at off to off+n of direction d.
func (s *stream) row(d dir, off, n int, path ...string) *Message {
	m := new(Message)
	s.place(m, d, off, n, path)
	return m
}

// place says of a row where it stands.
func (s *stream) place(m *Message, d dir, off, n int, path []string) {
	s.between(m, d)
	m.Frames = s.frames(m.Frames, d, off, n)
	m.Frame, m.Time = s.completes(m.Frames, d, off, n)
	m.Carrier = s.d.path(s.car.name, path)
}

// between says of a row whose it is.
func (s *stream) between(m *Message, d dir) {
	c := s.conn()
	m.Transport, m.Src, m.Dst = s.transport(), c.Client, c.Server
	if d == toClient {
		m.Src, m.Dst = m.Dst, m.Src
	}
}

func (s *stream) push(m *Message) {
	if len(s.rows) >= maxRows {
		s.flushRows()
	}
	if s.rows == nil {
		s.rows, s.d.rows = s.d.rows, nil
	}
	s.rows = append(s.rows, m)
}

// flushRows hands the rows over. Their list goes back to where the next stream
// that finds something takes it from.
func (s *stream) flushRows() {
	if len(s.rows) == 0 {
		return
	}
	for _, m := range s.rows {
		s.d.emit(m)
	}
	clear(s.rows)
	s.d.rows, s.rows = s.rows[:0], nil
}

// offer notes the mechanisms that the server offers in clear.
func (s *stream) offer(names ...string) {
	if !slices.Equal(s.sess.Offered, names) {
		s.keep(textSize(names) - textSize(s.sess.Offered))
		s.sess.Offered = slices.Clone(names)
	}
}

// textSize is about how many bytes of memory a list of strings takes.
func textSize(list []string) int {
	n := 0
	for _, s := range list {
		n += 16 + len(s)
	}
	return n
}

// anonymous notes that the service was used without authentication.
func (s *stream) anonymous(d dir, off int) {
	if s.lastOK == nil && s.sess.Anonymous == 0 {
		s.sess.Anonymous, _ = s.where(d, off, 1)
	}
}

// afterAuth notes application traffic after an accepted attempt.
func (s *stream) afterAuth(d dir, off int) {
	if s.lastOK != nil && s.sess.AfterAuth == 0 {
		s.sess.AfterAuth, s.usedAt = s.where(d, off, 1)
	}
}

// maxNames bounds the name claims of one session.
const maxNames = 16

// name notes that the sender of direction d claims a name, or, for what a
// client says of the server it talks to ("http-host", "smb", "tls-sni"), that
// the server is called so.
func (s *stream) name(d dir, off int, name, source string) {
	addr := s.c.Client.Addr()
	if d == toClient {
		addr = s.c.Server.Addr()
	}
	f, _ := s.where(d, off, 1)
	s.claim(NameClaim{Addr: addr, Name: name, Source: source, Frame: f})
}

func (s *stream) claim(n NameClaim) {
	if n.Name == "" || len(n.Name) > 255 {
		return
	}
	if s.sess.Tunnel != "" && n.Addr == s.c.Server.Addr() {
		return // of the far end, not of the proxy
	}
	for _, o := range s.sess.Names {
		if o.Addr == n.Addr && o.Name == n.Name && o.Source == n.Source {
			return
		}
	}
	if len(s.sess.Names) < maxNames {
		n.Name = string([]byte(n.Name))
		s.sess.Names = append(s.sess.Names, n)
		s.keep(96 + len(n.Name))
	}
}

// startTLS notes that from byte off of direction d on the connection is TLS.
func (s *stream) startTLS(d dir, off int) {
	if s.inTLS {
		return
	}
	s.inTLS = true
	s.sess.TLS, _ = s.where(d, off, 1)
	s.closeAttempts()
	s.parse(tlsParser{s})
}

// hidden notes that the authentication which begins at byte off of direction d
// goes on inside TLS that the carrier wraps in its own units, while the stream
// goes on in clear. name is the server name of the ClientHello.
func (s *stream) hidden(d dir, off int, name string) {
	if s.sess.TLS != 0 {
		return
	}
	f, _ := s.where(d, off, 1)
	s.sess.TLS, s.sess.TLSName = f, string([]byte(name))
	s.keep(len(name))
	s.claim(NameClaim{Addr: s.c.Server.Addr(), Name: name, Source: "tls-sni", Frame: f})
}

// sealed notes that from byte off of direction d on the carrier encrypts its
// units.
func (s *stream) sealed(d dir, off int) {
	if s.sess.Sealed == 0 {
		s.sess.Sealed, _ = s.where(d, off, 1)
	}
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

// sum enters into v what the connection shows as a whole.
func (s *stream) sum(v *Session) {
	c := s.c
	switch {
	case c.RST.Ok():
		v.End, v.EndFrame = EndRST, FrameID(c.RST.Frame)
	case c.FINs[0].Ok():
		v.End, v.EndFrame = EndFIN, FrameID(c.FINs[0].Frame)
	case c.FINs[1].Ok():
		v.End, v.EndFrame = EndFIN, FrameID(c.FINs[1].Frame)
	case c.Unanswered():
		v.End = EndNoReply
	}
	v.ServerEnded = serverEnded(c)
	v.CutAfterAuth = v.AfterAuth != 0 && c.RST.Ok() && c.RSTFrom == flow.ToClient && !c.FINs[flow.ToServer].Ok() && c.RST.Time-s.usedAt < 1e9
	v.SidesKnown = c.ClientKnown
	v.FromSYN = c.SYNCount > 0 && c.SYNs[0].Frame == c.First.Frame
	v.Begin, v.Ended = FrameID(c.First.Frame), FrameID(c.Last.Frame)
	v.First, v.Last = c.First.Time, c.Last.Time
	v.BothWays = c.BothDirections()
	v.Gaps = int(s.half(toServer).Gaps + s.half(toClient).Gaps)
}

// tells says whether the session holds anything worth handing on: one with a
// KDC is told by its exchanges.
func (s *stream) tells() bool {
	switch s.sess.Carrier {
	case "kdc":
		return false
	case "raw":
		return len(s.sess.Attempts) > 0
	}
	return true
}

// ntlmNames takes the names that NTLM tokens carry.
func (s *stream) ntlmNames(d dir, frame FrameID, t *gss.NTLMMessage) {
	addr := s.c.Client.Addr()
	if d == toClient {
		addr = s.c.Server.Addr()
	}
	for _, n := range [...]string{t.DNSComputer, t.NetBIOSComputer} {
		s.claim(NameClaim{Addr: addr, Name: n, Source: "ntlm", Frame: frame})
	}
	if t.Workstation != "" && d == toServer {
		s.claim(NameClaim{Addr: addr, Name: t.Workstation, Source: "ntlm", Frame: frame})
	}
}

// serverEnded tells whether the first FIN or RST of a connection was the server's.
func serverEnded(c *flow.Conn) bool {
	first := func(d flow.Dir) (at uint64) {
		for _, e := range [...]struct {
			seen flow.Seen
			mine bool
		}{{c.FINs[d], true}, {c.RST, c.RSTFrom == d}} {
			if e.mine && e.seen.Ok() && (at == 0 || e.seen.Frame < at) {
				at = e.seen.Frame
			}
		}
		return at
	}
	server, client := first(flow.ToClient), first(flow.ToServer)
	return server != 0 && (client == 0 || server < client)
}
