// Package filter turns capture filters into programs of the classic BPF that
// kernels run.
//
// It reads the part of the pcap-filter language that these productions give,
// and with the meaning that libpcap gives it:
//
//	expr    = term { ("and" | "&&" | "or" | "||") (term | more) }     of equal precedence, from the left
//	term    = ("not" | "!") term | "(" expr ")" | head | kind
//	head    = [proto] [dir] "host" ADDRESS
//	        | [proto] [dir] "net" (ADDRESS ["/" BITS] | ADDRESS "mask" ADDRESS | 10 | 10.1 | 10.1.2)
//	        | ["tcp" | "udp" | "sctp"] [dir] ("port" NUMBER | "portrange" NUMBER "-" NUMBER)
//	        | "ether" [dir] "host" MAC | "ether" ("src" | "dst") MAC
//	        | dir ADDRESS
//	        | ["ip" | "ip6"] "proto" NUMBER | "ether" "proto" NUMBER
//	more    = what stands behind the words of the head before it: port 88 or 464, host A or (B or C), port 88 or not 464
//	kind    = "ip" | "ip6" | "arp" | "rarp" | "tcp" | "udp" | "sctp" | "icmp" | "icmp6" | "igmp" | "esp" | "ah"
//	        | "vlan" [NUMBER] | ["ether"] "broadcast" | ["ether" | "ip" | "ip6"] "multicast" | "less" NUMBER | "greater" NUMBER
//	proto   = "ip" | "ip6" | "arp" | "rarp"
//	dir     = "src" | "dst" | "src or dst" | "src and dst"
//
// As there: a port is never that of an IPv4 fragment but the first, nor of an
// IPv6 packet with extension headers; host and net of IPv4 are those of ARP and
// RARP as well; behind vlan everything is looked for inside the tag, also after
// "or" and outside of parentheses, and a second vlan is a second tag.
// Anything else of the language is refused, never misread.
package filter

import (
	"fmt"

	"golang.org/x/net/bpf"

	"kerbscope/capture"
)

// An Expr is a filter that was understood.
type Expr struct {
	text  string
	root  node
	vlans int // keywords vlan in it
}

// An Error says where a filter text is not understood, and what to do.
type Error struct {
	Text string
	At   int // byte in Text; -1: all of it
	What string
	Hint string // may be empty
}

func (e *Error) Error() string {
	if e.At < 0 {
		return fmt.Sprintf("filter %q: %s", e.Text, e.What)
	}
	if e.At >= len(e.Text) {
		return fmt.Sprintf("filter %q: at its end: %s", e.Text, e.What)
	}
	return fmt.Sprintf("filter %q: at %q: %s", e.Text, e.Text[e.At:], e.What)
}

// A Link says what a program finds in front of the network header.
type Link struct {
	Type capture.LinkType
	// Cooked: nothing, and Linux tells the protocol on the side (SOCK_DGRAM).
	Cooked bool
	// Tags: Linux has taken the outer VLAN tag out of the frame, and tells it
	// on the side. Without vlan in its text a filter then sees tagged packets
	// as others, as libpcap's live filters do.
	Tags bool
}

// Limits of what is read and made.
const (
	maxText    = 64 << 10
	maxDepth   = 100
	maxProgram = 4096 // BPF_MAXINSNS
)

// Program makes the program of x that keeps up to snapLen bytes of a packet. It
// fails with *Error when x asks for something that the link has not.
func (x *Expr) Program(l Link, snapLen uint32) (list []bpf.Instruction, err error) {
	defer func() {
		if e, ok := err.(*Error); ok {
			e.Text = x.text
		}
	}()
	lay, err := newLayout(l)
	if err != nil {
		return nil, err
	}
	c := &code{}
	keep, toss := c.label(), c.label()
	if l.Tags && x.vlans > 0 {
		within := c.label()
		plain := c.label()
		c.test(test{load: loadTagged, val: 1}, within, plain)
		c.place(within)
		lay.outside = true
		if err := c.tree(x.root, &lay, keep, toss); err != nil {
			return nil, err
		}
		c.place(plain)
		lay.outside = false
	}
	if err := c.tree(x.root, &lay, keep, toss); err != nil {
		return nil, err
	}
	c.place(keep)
	c.ret(snapLen)
	c.place(toss)
	c.ret(0)
	return c.finish()
}
