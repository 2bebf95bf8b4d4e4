package decode

import "maps"

// Plus is the sum of both, of one capture read by two Decoders.
func (s Stats) Plus(o Stats) Stats {
	s.Frames += o.Frames
	s.UnknownLink += o.UnknownLink
	s.CutHeaders += o.CutHeaders
	s.CutPayloads += o.CutPayloads
	s.Tunnels += o.Tunnels
	s.Sealed += o.Sealed
	s.Gaps += o.Gaps
	s.OtherGaps += o.OtherGaps
	s.Fragments += o.Fragments
	s.Messages += o.Messages
	if len(o.Limits) > 0 {
		sum := maps.Clone(o.Limits)
		for name, n := range s.Limits {
			sum[name] += n
		}
		s.Limits = sum
	}
	return s
}
