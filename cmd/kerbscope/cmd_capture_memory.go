package main

import (
	"kerbscope/capture"
)

// A packetMemory holds the latest packets: of the last so many nanoseconds by
// the capture's clock, at most so many bytes.
type packetMemory struct {
	age    int64
	most   int64
	chunks []*memoryChunk // oldest first
	held   int64
	ifaces []capture.Interface
	lost   uint64 // packets that made room for others before their time
	spare  *memoryChunk
}

// chunkBytes is how much is given up at a time.
const chunkBytes = 1 << 20

type memoryChunk struct {
	data    []byte
	records []capture.Record
	last    int64
}

// add copies the packets of b.
func (m *packetMemory) add(b *capture.Batch, ifaces []capture.Interface) {
	if m == nil {
		return
	}
	m.ifaces = ifaces
	for i := range b.Records {
		r := b.Records[i]
		c := m.room(int(r.Len))
		off := len(c.data)
		c.data = append(c.data, b.Data[r.Off:r.Off+r.Len]...)
		r.Off = uint32(off)
		c.records = append(c.records, r)
		c.last = max(c.last, r.Time)
	}
	if n := len(b.Records); n > 0 {
		m.expire(b.Records[n-1].Time - m.age)
	}
}

// room is the chunk that takes n more bytes.
func (m *packetMemory) room(n int) *memoryChunk {
	if k := len(m.chunks); k > 0 {
		if c := m.chunks[k-1]; len(c.data)+n <= cap(c.data) && len(c.records) < chunkBytes/64 {
			return c
		}
	}
	for len(m.chunks) > 0 && m.held+int64(max(n, chunkBytes)) > m.most {
		m.lost += uint64(len(m.chunks[0].records))
		m.drop()
	}
	c := m.spare
	m.spare = nil
	if c == nil || cap(c.data) < n {
		c = &memoryChunk{data: make([]byte, 0, max(n, chunkBytes))}
	}
	c.data, c.records, c.last = c.data[:0], c.records[:0], 0
	m.chunks = append(m.chunks, c)
	m.held += int64(cap(c.data))
	return c
}

func (m *packetMemory) expire(edge int64) {
	for len(m.chunks) > 1 && m.chunks[0].last < edge {
		m.drop()
	}
}

func (m *packetMemory) drop() {
	c := m.chunks[0]
	m.held -= int64(cap(c.data))
	m.chunks[0] = nil
	m.chunks = m.chunks[1:]
	m.spare = c
}

// each calls f with every packet that is held, in order, until it returns false.
func (m *packetMemory) each(f func(capture.Packet) bool) {
	for _, c := range m.chunks {
		for _, r := range c.records {
			if !f(capture.Packet{Record: r, Data: c.data[r.Off : r.Off+r.Len]}) {
				return
			}
		}
	}
}

// first is the number of the oldest packet held, 0: none.
func (m *packetMemory) first() uint64 {
	if len(m.chunks) == 0 {
		return 0
	}
	return m.chunks[0].records[0].Frame
}
