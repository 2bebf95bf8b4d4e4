package flow

import "bytes"

// A piece is a run of bytes that waits for those before it. end-off is its
// length on the wire; data is shorter when the snap length cut its tail.
type piece struct {
	off, end int64
	data     []byte
	frame    uint64
	time     int64
}

const pieceCost = 96 // bytes of bookkeeping a piece is charged with

// pieces are in order and do not overlap.
type pieces struct {
	list []piece
	cost int // bytes held
}

// insert takes copies of the parts of [off, end) that are not there yet.
// added is how many bytes these are, conflict whether bytes that are there
// differ.
func (l *pieces) insert(off, end int64, data []byte, frame uint64, time int64) (added int64, conflict bool) {
	i, hi := 0, len(l.list) // first piece that ends after off
	for i < hi {
		if m := (i + hi) / 2; l.list[m].end <= off {
			i = m + 1
		} else {
			hi = m
		}
	}
	for cur := off; cur < end; i++ {
		if i < len(l.list) && l.list[i].off <= cur {
			q := &l.list[i]
			have, got := clip(q.data, q.off, cur, q.end), clip(data, off, cur, q.end)
			n := min(len(have), len(got))
			conflict = conflict || !bytes.Equal(have[:n], got[:n])
			cur = q.end
			continue
		}
		stop := end
		if i < len(l.list) {
			stop = min(stop, l.list[i].off)
		}
		own := bytes.Clone(clip(data, off, cur, stop))
		l.list = append(l.list, piece{})
		copy(l.list[i+1:], l.list[i:])
		l.list[i] = piece{cur, stop, own, frame, time}
		l.cost += len(own) + pieceCost
		added += stop - cur
		cur = stop
	}
	return added, conflict
}

// pop takes the first piece out.
func (l *pieces) pop() piece {
	q := l.list[0]
	l.cost -= len(q.data) + pieceCost
	l.list[0] = piece{}
	if l.list = l.list[1:]; len(l.list) == 0 {
		l.list = nil
	}
	return q
}

// clip returns the part of data, which begins at off, that lies in [from, to).
func clip(data []byte, off, from, to int64) []byte {
	n := int64(len(data))
	lo, hi := min(max(from-off, 0), n), min(max(to-off, 0), n)
	return data[lo:max(lo, hi)]
}
