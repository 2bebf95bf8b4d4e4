package live

import (
	"slices"

	"golang.org/x/net/bpf"

	"kerbscope/capture"
	"kerbscope/capture/live/filter"
)

// A Program is a filter that was made beforehand.
type Program struct {
	build func(l filter.Link, snapLen uint32) ([]bpf.Instruction, error)
	ports filter.Ports // of a default filter
}

// DefaultFilter is the filter of a capture of which nothing is known but the
// ports that carry Kerberos: see filter.Kerberos for what it keeps.
func DefaultFilter(p filter.Ports) *Program {
	return &Program{ports: p, build: func(l filter.Link, snapLen uint32) ([]bpf.Instruction, error) {
		return filter.Kerberos(l, p, snapLen)
	}}
}

// CheckFilter tells whether Open would understand a filter's text, as far as
// that can be told without an interface: a *filter.Error says where it does not.
func CheckFilter(text string) error { return checkFilter(text) }

// maxLearned is how many ports Widen adds; more would make a filter that
// kernels refuse.
const maxLearned = 256

// Widen lets TCP of further ports through a default filter from now on: of a
// server that was seen to speak DCE/RPC there, so that binds that come in
// several segments are complete from the next on. It does nothing when the
// filter is another, when the ports are let through already, and after 256.
func (h *Handle) Widen(ports ...uint16) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.opts.Filter != "" || h.opts.Program == nil || h.opts.Program.ports.TCP == nil {
		return nil
	}
	p := h.opts.Program.ports
	p.TCP = slices.Clone(p.TCP)
	for _, n := range ports {
		if h.learned < maxLearned && !slices.Contains(p.TCP, n) {
			p.TCP = append(p.TCP, n)
			h.learned++
		}
	}
	if len(p.TCP) == len(h.opts.Program.ports.TCP) {
		return nil
	}
	h.opts.Program = DefaultFilter(p)
	return h.src.refilter(h.opts.Program)
}

// instructions returns what the kernel is to run for one link type; nil: nothing.
func (o *Options) instructions(l filter.Link) ([]bpf.RawInstruction, error) {
	snap := uint32(o.SnapLen)
	var list []bpf.Instruction
	var err error
	switch {
	case o.Filter != "":
		var x *filter.Expr
		if x, err = filter.Parse(o.Filter); err == nil {
			list, err = x.Program(l, snap)
		}
	case o.Program != nil:
		list, err = o.Program.build(l, snap)
	}
	if err != nil {
		return nil, err
	}
	if list == nil && o.SnapLen < DefaultSnapLen {
		list = []bpf.Instruction{bpf.RetConstant{Val: snap}}
	}
	return bpf.Assemble(list)
}

// filterText is what is captured, in words: see capture.Interface.
func (o *Options) filterText() string {
	if o.Filter == "" && o.Program != nil {
		return capture.KerberosFilter
	}
	return o.Filter
}
