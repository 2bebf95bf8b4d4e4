package live

import (
	"golang.org/x/net/bpf"

	"kerbscope/capture"
)

// A Program is a filter that is made for each link type.
type Program struct {
	build func(linkHeader) ([]bpf.RawInstruction, error)
}

// A linkHeader is what a filter finds before the network header.
type linkHeader struct {
	link    capture.LinkType
	cooked  bool // Linux: nothing is before it; the protocol is in the packet's metadata
	tagged  bool // Linux: the outer VLAN tag is in the packet's metadata
	snapLen int
}

// instructions returns what the kernel is to run for one link type; nil: nothing.
func (o *Options) instructions(l linkHeader) ([]bpf.RawInstruction, error) {
	l.snapLen = o.SnapLen
	if o.Program != nil {
		return o.Program.build(l)
	}
	if o.SnapLen < DefaultSnapLen {
		return bpf.Assemble([]bpf.Instruction{bpf.RetConstant{Val: uint32(o.SnapLen)}})
	}
	return nil, nil
}
