package decode

// maxVirtuals bounds the virtual connections that wait for their second
// channel.
const maxVirtuals = 256

// An rpcVirtual is a virtual connection of RPC over HTTP whose IN channel was
// seen.
type rpcVirtual struct {
	in  *stream
	rpc *rpcInner
}

// inChannel says that the stream is the channel of what a client says: answers
// come elsewhere, in the channel that shows the same cookie, if it is known.
func (s *stream) inChannel(cookie [16]byte, known bool, rpc *rpcInner) {
	s.halfTalk = true
	if cookie, known = s.remember(cookie, known); !known {
		return
	}
	if s.d.virtuals == nil {
		s.d.virtuals = map[[16]byte]rpcVirtual{}
	}
	if len(s.d.virtuals) >= maxVirtuals {
		clear(s.d.virtuals)
		s.d.limit("virtual connections of RPC over HTTP")
	}
	s.d.virtuals[cookie] = rpcVirtual{s, rpc}
}

// remember keeps the cookie that a channel showed: it may rest and go on.
func (s *stream) remember(cookie [16]byte, known bool) ([16]byte, bool) {
	if known {
		s.cookie = cookie
	}
	return s.cookie, s.cookie != [16]byte{}
}

// outChannel finds the connection that the stream is the channel of the answers
// of, and whom to tell what stands in it; nil if it is not known.
func (s *stream) outChannel(cookie [16]byte, known bool) (*rpcInner, wire) {
	cookie, _ = s.remember(cookie, known)
	v, ok := s.d.virtuals[cookie]
	if !ok {
		return nil, nil
	}
	return v.rpc, joinedWire{v.in, s}
}

// endChannel forgets the virtual connection: what comes now belongs to no
// session any more.
func (s *stream) endChannel() {
	if v, ok := s.d.virtuals[s.cookie]; ok && v.in == s {
		delete(s.d.virtuals, s.cookie)
	}
	s.ended = true
}

// A joinedWire tells stream in what stands in stream out.
type joinedWire struct {
	*stream
	out *stream
}

// on runs f with what it tells placed in the other stream.
func (j joinedWire) on(f func()) {
	if j.stream.ended {
		return
	}
	j.stream.away = j.out
	f()
	j.stream.away = nil
	j.stream.lastDown = j.d.now
	j.stream.flushRows()
}

func (j joinedWire) token(d dir, off, n int, tok []byte, at tokenAt) {
	j.on(func() { j.stream.token(d, off, n, tok, at) })
}

func (j joinedWire) result(d dir, off, n int, key uint64, r Result) {
	j.on(func() { j.stream.result(d, off, n, key, r) })
}
