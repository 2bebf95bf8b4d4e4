package filter

import (
	"fmt"

	"golang.org/x/net/bpf"
)

// code is a program being written, with labels where it jumps to. Jumps go
// forward only.
type code struct {
	ops    []op
	places []int // of a label: index in ops
}

type label int

// An op is an instruction, or a jump whose targets are labels.
type op struct {
	ins   bpf.Instruction // nil for a jump
	cond  bpf.JumpTest
	val   uint32
	t, f  label
	plain bool // unconditional, to t
}

func (c *code) label() label {
	c.places = append(c.places, -1)
	return label(len(c.places) - 1)
}

// place puts a label in front of the next instruction.
func (c *code) place(l label) { c.places[l] = len(c.ops) }

func (c *code) add(i ...bpf.Instruction) {
	for _, i := range i {
		c.ops = append(c.ops, op{ins: i})
	}
}

func (c *code) ret(n uint32) { c.add(bpf.RetConstant{Val: n}) }

// jump compares the accumulator and goes to t or f.
func (c *code) jump(cond bpf.JumpTest, val uint32, t, f label) {
	c.ops = append(c.ops, op{cond: cond, val: val, t: t, f: f})
}

func (c *code) goTo(l label) { c.ops = append(c.ops, op{plain: true, t: l}) }

// finish gives every jump its distance. A conditional jump reaches 255
// instructions; one to farther off goes to an unconditional one behind it.
func (c *code) finish() ([]bpf.Instruction, error) {
	far := make([][2]bool, len(c.ops)) // which ways of a jump take the detour
	at := make([]int, len(c.ops)+1)    // where an op begins
	for again := true; again; {
		again = false
		for i := range c.ops {
			n := 1
			for _, f := range far[i] {
				if f {
					n++
				}
			}
			at[i+1] = at[i] + n
		}
		for i, o := range c.ops {
			if o.ins != nil || o.plain {
				continue
			}
			for way, l := range []label{o.t, o.f} {
				if !far[i][way] && at[c.places[l]]-at[i]-1 > 255 {
					far[i][way], again = true, true
				}
			}
		}
	}
	if total := at[len(c.ops)]; total > maxProgram {
		return nil, &Error{At: -1, What: fmt.Sprintf("it makes a program of %d instructions, and kernels take %d", total, maxProgram)}
	}
	out := make([]bpf.Instruction, 0, at[len(c.ops)])
	for i, o := range c.ops {
		switch {
		case o.ins != nil:
			out = append(out, o.ins)
		case o.plain:
			out = append(out, bpf.Jump{Skip: uint32(at[c.places[o.t]] - at[i] - 1)})
		default:
			var skip [2]int
			var detours []bpf.Instruction
			for way, l := range []label{o.t, o.f} {
				skip[way] = at[c.places[l]] - at[i] - 1
				if far[i][way] {
					detour := len(detours)
					detours = append(detours, bpf.Jump{Skip: uint32(skip[way] - detour - 1)})
					skip[way] = detour
				}
			}
			out = append(out, bpf.JumpIf{Cond: o.cond, Val: o.val, SkipTrue: uint8(skip[0]), SkipFalse: uint8(skip[1])})
			out = append(out, detours...)
		}
	}
	return out, nil
}

// A load is what a test compares.
type load uint8

const (
	loadFrame     load = iota // bytes at a fixed place
	loadTransport             // bytes behind the IPv4 header at base
	loadLength                // of the packet
	loadProtocol              // Linux: the EtherType on the side
	loadTagged                // Linux: 1 if there is a VLAN tag on the side
	loadTag                   // Linux: that tag
)

// A test is one comparison. mask 0 is none.
type test struct {
	load load
	size int // bytes
	base uint32
	off  uint32
	mask uint32
	cond bpf.JumpTest
	val  uint32
}

// test writes one comparison.
func (c *code) test(t test, yes, no label) {
	switch t.load {
	case loadFrame:
		c.add(bpf.LoadAbsolute{Off: t.off, Size: t.size})
	case loadTransport:
		c.add(bpf.LoadMemShift{Off: t.base}, bpf.LoadIndirect{Off: t.base + t.off, Size: t.size})
	case loadLength:
		c.add(bpf.LoadExtension{Num: bpf.ExtLen})
	case loadProtocol:
		c.add(bpf.LoadExtension{Num: bpf.ExtProto})
	case loadTagged:
		c.add(bpf.LoadExtension{Num: bpf.ExtVLANTagPresent})
	case loadTag:
		c.add(bpf.LoadExtension{Num: bpf.ExtVLANTag})
	}
	if t.mask != 0 {
		c.add(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: t.mask})
	}
	c.jump(t.cond, t.val, yes, no)
}

// tree writes an expression that goes to yes or no; what follows it is written
// next.
func (c *code) tree(n node, l *layout, yes, no label) error {
	switch n := n.(type) {
	case always:
		if n {
			c.goTo(yes)
		} else {
			c.goTo(no)
		}
	case test:
		c.test(n, yes, no)
	case not:
		return c.tree(n.of, l, no, yes)
	case all:
		for i, of := range n {
			if i == len(n)-1 {
				return c.tree(of, l, yes, no)
			}
			next := c.label()
			if err := c.tree(of, l, next, no); err != nil {
				return err
			}
			c.place(next)
		}
		c.goTo(yes)
	case some:
		for i, of := range n {
			if i == len(n)-1 {
				return c.tree(of, l, yes, no)
			}
			next := c.label()
			if err := c.tree(of, l, yes, next); err != nil {
				return err
			}
			c.place(next)
		}
		c.goTo(no)
	case primitive:
		tests, err := l.tests(n)
		if err != nil {
			return err
		}
		return c.tree(tests, l, yes, no)
	}
	return nil
}
