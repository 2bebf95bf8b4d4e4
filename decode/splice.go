package decode

// A spliced is the contents of a message that its carrier cut in pieces, each
// behind a header of its own, while the message stands in the stream unread.
type spliced struct {
	data   []byte // a view of the stream as long as there is one piece
	pieces []splicedPiece
}

// A splicedPiece says that data from at on stands at off in the stream.
type splicedPiece struct{ at, off int }

// add appends b, which stands at off in the stream's unread bytes.
func (p *spliced) add(b []byte, off int) {
	p.pieces = append(p.pieces, splicedPiece{len(p.data), off})
	if len(p.pieces) == 1 {
		p.data = b[:len(b):len(b)]
		return
	}
	p.data = append(p.data, b...)
}

// span says where data[at:at+n] stands in the stream: from its first byte to
// its last, with what headers are between them.
func (p *spliced) span(at, n int) (off, size int) {
	if n <= 0 {
		return p.place(at), 0
	}
	off = p.place(at)
	return off, p.place(at+n-1) + 1 - off
}

func (p *spliced) place(at int) int {
	for i := len(p.pieces) - 1; i >= 0; i-- {
		if c := p.pieces[i]; at >= c.at {
			return c.off + at - c.at
		}
	}
	return 0
}
