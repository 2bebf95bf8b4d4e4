package live

import (
	"slices"

	"kerbscope/capture"
)

const maxFaults = 16 // kept one by one, as in a file

// An account is the Info of several files after each other.
type account struct {
	before capture.Info
	src    capture.Source
	ifaces []capture.Interface
	index  []uint32 // interface of the file in hand: index in ifaces
	base   uint64   // frames of the files before
}

func (a *account) begin(src capture.Source) { a.src, a.index = src, a.index[:0] }

func (a *account) enter(recs []capture.Record) {
	a.learn()
	for i := range recs {
		r := &recs[i]
		r.Frame += a.base
		if int(r.Interface) < len(a.index) {
			r.Interface = a.index[r.Interface]
		}
	}
}

// learn lists interfaces that came since: each once, however many files have it.
func (a *account) learn() {
	for _, n := range a.src.Info().Interfaces[len(a.index):] {
		at := slices.Index(a.ifaces, n)
		if at < 0 {
			at = len(a.ifaces)
			a.ifaces = append(a.ifaces, n)
		}
		a.index = append(a.index, uint32(at))
	}
}

func (a *account) end() {
	a.before = a.info()
	a.base, a.src = a.before.Frames, nil
}

func (a *account) info() capture.Info {
	i := a.before
	if a.before.Format == "" {
		i.First, i.Last = capture.NoTime, capture.NoTime
	}
	if a.src != nil {
		n := a.src.Info()
		i.Format, i.Digits = n.Format, max(i.Digits, n.Digits)
		i.Frames += n.Frames
		i.Bytes += n.Bytes
		i.Truncated += n.Truncated
		i.Faulted += n.Faulted
		i.Faults = slices.Concat(i.Faults, n.Faults)
		i.Faults = i.Faults[:min(len(i.Faults), maxFaults)]
		if n.First != capture.NoTime && (i.First == capture.NoTime || n.First < i.First) {
			i.First = n.First
		}
		i.Last = max(i.Last, n.Last)
		i.Lost = capture.AddCounts(i.Lost, n.Lost)
		i.Losses = slices.Concat(i.Losses, n.Losses)
	}
	i.Interfaces = a.ifaces[:len(a.ifaces):len(a.ifaces)]
	return i
}
