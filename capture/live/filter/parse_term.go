package filter

import (
	"bytes"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// etherProtos and ipProtos are the words for what is carried.
var etherProtos = map[string]uint32{"ip": etherIPv4, "ip6": etherIPv6, "arp": etherARP, "rarp": etherRARP}

var ipProtos = map[string]struct{ num, in uint32 }{
	"tcp": {num: protoTCP}, "udp": {num: protoUDP}, "sctp": {num: protoSCTP},
	"icmp": {protoICMP, etherIPv4}, "igmp": {protoIGMP, etherIPv4}, "icmp6": {protoICMPv6, etherIPv6},
	"esp": {num: protoESP}, "ah": {num: protoAH},
}

// refused are words of the language that are not understood, and why.
var refused = map[string]string{
	"gateway": "needs names", "protochain": "needs loops", "inbound": "direction", "outbound": "direction", "ifindex": "interface numbers",
	"mpls": "MPLS", "pppoes": "PPPoE", "pppoed": "PPPoE", "geneve": "Geneve", "vxlan": "VXLAN", "wlan": "802.11", "type": "802.11", "subtype": "802.11",
	"decnet": "DECnet", "atalk": "AppleTalk", "iso": "ISO", "stp": "802.2", "ipx": "IPX", "netbeui": "NetBEUI", "llc": "802.2", "link": "link",
	"tr": "Token Ring", "fddi": "FDDI", "ppp": "PPP", "slip": "SLIP", "lat": "LAT", "moprc": "MOP", "mopdl": "MOP", "aarp": "AARP", "isis": "IS-IS",
	"pim": "PIM (write: ip proto 103)", "vrrp": "VRRP (write: ip proto 112)", "carp": "CARP (write: ip proto 112)", "igrp": "IGRP (write: ip proto 9)",
	"len": "comparisons", "AND": "words are in small letters", "OR": "words are in small letters", "NOT": "words are in small letters",
	"ra": "802.11", "ta": "802.11", "addr1": "802.11", "addr2": "802.11", "addr3": "802.11", "addr4": "802.11",
}

var words = []string{"ether", "src", "dst", "host", "net", "port", "portrange", "proto", "vlan", "broadcast", "multicast", "less", "greater", "mask"}

func isKeyword(w string) bool {
	_, ether := etherProtos[w]
	_, ip := ipProtos[w]
	return ether || ip || slices.Contains(words, w) || refused[w] != ""
}

// primitive of the kind w, where the parser stands.
func (p *parser) primitive(w what) primitive {
	return primitive{what: w, depth: p.vlans, at: p.tokens[max(p.pos-1, 0)].at}
}

// rterm reads a term without not and parentheses.
func (p *parser) rterm(depth int) (node, head) {
	first := p.tokens[p.pos]
	var h head
	ether, isEther_ := etherProtos[first.text]
	ip, isIP := ipProtos[first.text]
	link := first.text == "ether"
	switch {
	case isEther_:
		p.pos++
		h.proto = ether
	case isIP:
		p.pos++
		h.proto = ip.num
	case link:
		p.pos++
	}
	alone := p.pos == 0 || p.tokens[p.pos].at == first.at
	directed := p.direction(&h)
	word := p.tokens[p.pos]
	ports := alone || isIP && ip.in == 0 && ip.num != protoESP && ip.num != protoAH
	nets := alone || isEther_
	switch {
	case p.err != nil:
		return always(false), head{}
	case word.text == "host" && link:
		p.pos++
		h.what = hasStation
	case word.text == "host" && nets:
		p.pos++
		h.what = hasHost
	case word.text == "net" && nets:
		p.pos++
		h.what, h.isNet = hasHost, true
	case word.text == "port" && ports:
		p.pos++
		h.what = hasPort
	case word.text == "portrange" && ports:
		p.pos++
		h.what, h.isNet = hasPort, true
	case word.text == "host", word.text == "net", word.text == "port", word.text == "portrange":
		return p.fail(first, strconv.Quote(first.text)+" does not go with "+strconv.Quote(word.text), otherHint), head{}
	case word.text == "proto" && !directed && (alone || link || first.text == "ip" || first.text == "ip6"):
		p.pos++
		return p.proto(link, h.proto), head{}
	case directed && link && isMAC(word.text):
		h.what = hasStation
	case directed && nets && word.text != "" && !isKeyword(word.text) && !isMark(word.text):
		h.what = hasHost
	case directed:
		return p.unexpected(), head{}
	case isEther_ && word.text == "multicast" && (first.text == "ip" || first.text == "ip6"):
		p.pos++
		n := p.primitive(isMulticast)
		n.proto = ether
		return n, head{}
	case isEther_:
		n := p.primitive(isEther)
		n.num = ether
		return n, head{}
	case isIP:
		n := p.primitive(isProto)
		n.num, n.proto = ip.num, ip.in
		return n, head{}
	default:
		return p.other(), head{}
	}
	h.ok = true
	if p.peek() == "(" || p.peek() == "not" || p.peek() == "!" {
		return p.more(h, depth+1), h
	}
	return p.value(h), h
}

// direction reads src, dst, "src or dst" and "src and dst".
func (p *parser) direction(h *head) bool {
	first := p.peek()
	if !p.skip("src", "dst") {
		return false
	}
	h.dir = source
	if first == "dst" {
		h.dir = destination
	}
	other := "dst"
	if first == "dst" {
		other = "src"
	}
	if p.peekAt(1) == other {
		switch {
		case p.skip("or", "||"):
			h.dir = either
			p.pos++
		case p.skip("and", "&&"):
			h.dir = both
			p.pos++
		}
	}
	return true
}

func (p *parser) proto(link bool, in uint32) node {
	if link {
		n := p.primitive(isEther)
		n.num = p.number(0xffff, "an EtherType")
		if n.num < 0x600 {
			return p.fail(p.tokens[p.pos-1], "numbers of 802.2 are not understood, only EtherTypes from 0x600 on", libpcapHint)
		}
		return n
	}
	n := p.primitive(isProto)
	n.proto = in
	n.num = p.number(255, "a protocol")
	return n
}

// other reads the terms that are no head.
func (p *parser) other() node {
	link := p.pos > 0 && p.tokens[p.pos-1].text == "ether"
	switch t := p.tokens[p.pos]; {
	case p.skip("broadcast"):
		n := p.primitive(isBroadcast)
		n.dir, n.addr = destination, bytes.Repeat([]byte{0xff}, 6)
		return n
	case p.skip("multicast"):
		return p.primitive(isMulticast)
	case link:
		return p.unexpected()
	case p.skip("vlan"):
		n := p.primitive(isVLAN)
		if w := p.peek(); w != "" && w[0] >= '0' && w[0] <= '9' {
			n.num, n.high = p.number(4095, "a VLAN"), 1
		}
		p.vlans++
		return n
	case p.skip("less"), p.skip("greater"):
		n := p.primitive(atMost)
		if t.text == "greater" {
			n.what = atLeast
		}
		n.num = p.number(1<<32-1, "a length")
		return n
	case t.text != "" && !isKeyword(t.text) && !isMark(t.text):
		return p.fail(t, "not a word of the filter language", otherHint)
	}
	return p.unexpected()
}

// value reads the address, network or number behind the words of h.
func (p *parser) value(h head) node {
	if p.err != nil {
		return always(false)
	}
	t := p.tokens[p.pos]
	if t.text == "" || isMark(t.text) {
		return p.unexpected()
	}
	n := p.primitive(h.what)
	n.at, n.proto, n.dir = t.at, h.proto, h.dir
	switch {
	case h.what == hasPort && h.isNet:
		p.pos++
		low, high, ok := strings.Cut(t.text, "-")
		a, err1 := parseNumber(low)
		b, err2 := parseNumber(high)
		if !ok || err1 != nil || err2 != nil || max(a, b) > 65535 {
			return p.fail(t, "not a range of ports", "for example: portrange 5000-5010")
		}
		n.num, n.high = uint32(min(a, b)), uint32(max(a, b))
	case h.what == hasPort:
		n.num = p.number(65535, "a port")
		n.high = n.num
	case h.what == hasStation:
		p.pos++
		if n.addr = parseMAC(t.text); n.addr == nil {
			return p.fail(t, "not an Ethernet address", "for example: ether host 02:00:00:00:00:01")
		}
	default:
		p.pos++
		p.address(&n, t, h)
	}
	return n
}

// address reads an IP address, or a network.
func (p *parser) address(n *primitive, t token, h head) {
	if h.isNet && !strings.ContainsAny(t.text, ":") {
		if parts := strings.Split(t.text, "."); len(parts) < 4 {
			p.shortNet(n, t, parts)
			return
		}
	}
	a, err := netip.ParseAddr(t.text)
	if err != nil || a.Zone() != "" {
		p.fail(t, "not an IP address", "names are not looked up; a network is written: net 192.0.2.0/24")
		return
	}
	n.addr = a.AsSlice()
	n.mask = bytes.Repeat([]byte{0xff}, len(n.addr))
	if a.Is6() && n.proto != 0 && n.proto != etherIPv6 || a.Is4() && n.proto == etherIPv6 {
		p.fail(t, "an address of the other IP version", "")
		return
	}
	if p.peek() != "/" && p.peek() != "mask" {
		return
	}
	by := p.take()
	if !h.isNet {
		p.fail(by, "a network where an address is expected", "write: net "+t.text+"/24")
		return
	}
	if by.text == "/" {
		setBits(n.mask, int(p.number(uint64(8*len(n.addr)), "a prefix length")))
	} else {
		m, err := netip.ParseAddr(p.peek())
		if err != nil || !m.Is4() || !a.Is4() {
			p.fail(p.tokens[p.pos], "not a network mask", "for example: net 192.0.2.0 mask 255.255.255.0")
			return
		}
		p.pos++
		n.mask = m.AsSlice()
	}
	for i := range n.addr {
		if n.addr[i]&^n.mask[i] != 0 {
			p.fail(t, "the address has bits outside of the network", "")
			return
		}
	}
}

// shortNet reads a network by its first one to three bytes.
func (p *parser) shortNet(n *primitive, t token, parts []string) {
	n.addr, n.mask = make([]byte, 4), make([]byte, 4)
	for i, s := range parts {
		v, err := strconv.ParseUint(s, 10, 8)
		if err != nil || len(s) > 1 && s[0] == '0' {
			p.fail(t, "not a network", "for example: net 192.0.2.0/24, net 10")
			return
		}
		n.addr[i], n.mask[i] = byte(v), 0xff
	}
	if n.proto == etherIPv6 {
		p.fail(t, "an address of the other IP version", "")
	} else if w := p.peek(); w == "/" || w == "mask" {
		p.fail(p.tokens[p.pos], "a short network has the length that it is written with", "write all four numbers: net 10.0.0.0/8")
	}
}

func setBits(mask []byte, n int) {
	for i := range mask {
		mask[i] = ^byte(0xff >> min(max(n-8*i, 0), 8))
	}
}

func isMAC(s string) bool { return parseMAC(s) != nil }

// parseMAC takes six numbers with colons, or with hyphens.
func parseMAC(s string) []byte {
	parts := strings.Split(s, ":")
	if len(parts) != 6 {
		parts = strings.Split(s, "-")
	}
	if len(parts) != 6 {
		return nil
	}
	mac := make([]byte, 6)
	for i, x := range parts {
		v, err := strconv.ParseUint(x, 16, 8)
		if err != nil || len(x) > 2 {
			return nil
		}
		mac[i] = byte(v)
	}
	return mac
}
