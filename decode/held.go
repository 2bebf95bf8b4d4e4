package decode

// maxKept bounds the bytes that the Sessions of connections under way hold:
// many connections, each with an attempt of large tokens, would otherwise take
// as many times 64 KiB as connections are followed.
const maxKept = 32 << 20

// legCost is about what an attempt, or a leg of one with the message read from
// its token, takes beside the token's bytes.
const legCost = 2048

// keep counts what s holds from now on until it ends.
func (s *stream) keep(n int) {
	s.kept += n
	s.d.kept += n
}

// shed ends the connections that were quiet longest until what the others hold
// is within maxKept.
func (d *Decoder) shed() {
	for d.kept > maxKept && d.tracker.Shed() {
		d.limit("bytes of sessions")
	}
}
