package main

import (
	"container/heap"
	"math"

	"kerbscope/capture"
)

// Bounds of what is held while captures are merged.
const (
	mergeBytes  = 16 << 20 // of blocks of all captures together …
	mergeBlock  = 16 << 10 // … but no block smaller than this
	mergeOpen   = 16       // captures beyond which those whose time has not come are closed again
	beforeTimes = math.MinInt64
)

// A merger writes the packets of several captures in the order of their times.
// Of every capture it holds one block, however long it is, and of a capture
// whose first packet is not due yet, nothing.
type merger struct {
	c       *converter
	w       *capture.Writer
	streams mergeHeap
	block   int
	several bool
	err     error // of writing
}

func newMerger(c *converter, w *capture.Writer) *merger {
	m := &merger{c: c, w: w}
	for i := 0; i < len(c.inputs); {
		set := ringSet(c.inputs[i:])
		s := &mergeStream{m: m, index: len(m.streams), first: i, label: c.inputs[i].Label, last: beforeTimes}
		for n := range set {
			s.inputs = append(s.inputs, i+n)
		}
		m.streams = append(m.streams, s)
		i += len(set)
	}
	m.several = len(m.streams) > 1
	m.block = min(max(mergeBytes/max(len(m.streams), 1), mergeBlock), capture.DefaultBlock)
	var live mergeHeap
	park := len(m.streams) > mergeOpen
	for _, s := range m.streams {
		if !s.fill() {
			continue
		}
		if park {
			s.park()
		}
		live = append(live, s)
	}
	m.streams = live
	heap.Init(&m.streams)
	return m
}

// next writes what is due of the capture whose turn it is. It is false when
// all is written, or no more can be.
func (m *merger) next() bool {
	if len(m.streams) == 0 || m.err != nil || m.c.a.ctx.Err() != nil {
		for _, s := range m.streams {
			s.close()
		}
		m.streams = nil
		return false
	}
	s := m.streams[0]
	if s.src == nil {
		if !s.fill() { // it was parked
			heap.Pop(&m.streams)
			return true
		}
		heap.Fix(&m.streams, 0)
		return true
	}
	for {
		if m.err = s.write(); m.err != nil {
			return true
		}
		if s.at++; s.at == len(s.batch.Records) {
			if !s.fill() {
				heap.Pop(&m.streams)
				return true
			}
			break
		}
		s.due = s.dues[s.at]
		// The children of the top are the next two.
		if len(m.streams) > 1 && !m.streams.first(0, 1) || len(m.streams) > 2 && !m.streams.first(0, 2) {
			break
		}
	}
	heap.Fix(&m.streams, 0)
	return true
}

// mergeHeap orders captures by the packet that is due.
type mergeHeap []*mergeStream

func (h mergeHeap) Len() int { return len(h) }

// first tells whether i goes before j.
func (h mergeHeap) first(i, j int) bool {
	return h[i].due < h[j].due || h[i].due == h[j].due && h[i].index < h[j].index
}
func (h mergeHeap) Less(i, j int) bool { return h.first(i, j) }
func (h mergeHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *mergeHeap) Push(x any)        { *h = append(*h, x.(*mergeStream)) }

func (h *mergeHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
