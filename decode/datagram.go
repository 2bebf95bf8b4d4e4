package decode

import (
	"bytes"
	"slices"

	"kerbscope/decode/flow"
	"kerbscope/decode/krb5"
)

// UDP ports that are read.
const (
	portKDC     = 88
	portKpasswd = 464
	portDNS     = 53
	portLDAP    = 389
)

// gateUDP decides whether a datagram is of use: by its port, or because it
// begins as a Kerberos message does.
func gateUDP(p *flow.Packet) bool { return udpOfUse(p.SrcPort, p.DstPort, p.Payload) }

// portBits has the bits of the ports below, modulo 64, set: most datagrams are
// told by it to have none of them.
const portBits uint64 = 1<<(portKDC&63) | 1<<(portKpasswd&63) | 1<<(portDNS&63) | 1<<(portLDAP&63)

func udpOfUse(src, dst uint16, payload []byte) bool {
	if (portBits>>(src&63)|portBits>>(dst&63))&1 != 0 {
		switch {
		case src == portKDC, dst == portKDC, src == portKpasswd, dst == portKpasswd, src == portDNS, src == portLDAP:
			return true
		case dst == portDNS && dnsKeyed(payload, len(payload)):
			return true
		}
	}
	if oncDatagram(payload) {
		return true
	}
	if len(payload) < 16 || payload[0]&0xe0 != 0x60 {
		return false
	}
	_, v := krb5.Probe(payload)
	return v == krb5.Yes
}

// datagram reads a UDP datagram that passed the gate.
func (d *Decoder) datagram(p *flow.Packet, frames []FrameID) {
	d.views.add(p.Src, p.Dst)
	if p.Truncated() {
		d.stat.CutPayloads++
	}
	switch {
	case (p.SrcPort == portDNS || p.DstPort == portDNS) && dnsKeyed(p.Payload, len(p.Payload)):
		d.dnsOverUDP(p, frames)
	case p.SrcPort == portDNS:
		d.dns(p)
	case p.SrcPort == portLDAP:
		d.cldap(p)
	case p.SrcPort == portKpasswd || p.DstPort == portKpasswd:
		d.kpasswdDatagram(p, frames)
	case p.SrcPort != portKDC && p.DstPort != portKDC && oncDatagram(p.Payload):
		d.oncOverUDP(p, frames)
	default:
		d.kerberosDatagram(p, frames)
	}
	if d.underWay() > d.most.all {
		d.shed()
	}
}

// udpMessage makes the row of the Kerberos message b in a datagram; nil when
// it is none.
func (d *Decoder) udpMessage(p *flow.Packet, frames []FrameID, carrier string, b []byte) *Message {
	m := newMessage(b)
	if m == nil {
		return nil
	}
	m.Transport, m.Src, m.Dst = UDP, p.SrcAddrPort(), p.DstAddrPort()
	m.Frame, m.Frames, m.Time = slices.Max(frames), append(m.Frames, frames...), d.now
	m.Carrier = d.path(carrier, nil)
	d.opened(m)
	return m
}

// kerberosDatagram reads one Kerberos message alone in a datagram, RFC 4120
// §7.2.1; a raw AP exchange on another port, §3.2.
func (d *Decoder) kerberosDatagram(p *flow.Packet, frames []FrameID) {
	carrier := "raw"
	if p.SrcPort == portKDC || p.DstPort == portKDC || len(p.Payload) > 0 && kdcType(p.Payload[0]) && krb5.MsgType(p.Payload[0]&0x1f) != krb5.KRBErrorMsg {
		carrier = "kdc"
	}
	m := d.udpMessage(p, frames, carrier, p.Payload)
	if m == nil {
		return
	}
	d.emit(m)
	if d.twins.add(p, d.now) {
		return
	}
	switch m.Type() {
	case krb5.ASReq, krb5.ASRep, krb5.TGSReq, krb5.TGSRep:
		d.kdcMessage(m)
	case krb5.KRBErrorMsg:
		if carrier == "kdc" || d.kdc.waits(m) {
			d.kdcMessage(m)
		} else {
			d.rawUDP(m)
		}
	case krb5.APReqMsg, krb5.APRepMsg:
		d.rawUDP(m)
	}
}

// kpasswdDatagram reads a datagram of the password change protocol, RFC 3244.
func (d *Decoder) kpasswdDatagram(p *flow.Packet, frames []FrameID) {
	twin := d.twins.add(p, d.now)
	pdu := parseKpasswd(p.Payload)
	for _, b := range pdu.messages() {
		if m := d.udpMessage(p, frames, "kpasswd", b); m != nil {
			d.emit(m)
			if !twin {
				d.rawUDP(m)
			}
		}
	}
}

// maxRawUDP bounds the raw AP and password exchanges under way over UDP, as
// maxRawBytes does.
const maxRawUDP = 4096

// rawUDP pairs an AP-REQ over UDP with its answer; on port 464 the pair is a
// password exchange.
func (d *Decoder) rawUDP(m *Message) {
	kind := AP
	if m.Carrier[0] == "kpasswd" {
		kind = Password
	}
	step := Step{Frame: m.Frame, Time: m.Time, What: m.Type().String(), Msg: m}
	switch m.Type() {
	case krb5.APReqMsg:
		k := flowKey{m.Src, m.Dst, UDP}
		x := d.kpw[k]
		if x != nil && x.Request != nil && bytes.Equal(x.Request.Krb.Raw, m.Krb.Raw) {
			x.Resent++
			d.rawKept -= x.held()
			x.Steps = append(x.Steps[:min(len(x.Steps), maxSteps-1)], step)
			d.rawKept += x.held()
			d.shedRaw(d.most.rawExchanges, d.most.raw)
			return
		}
		if x != nil {
			d.finishUDP(k, x)
		}
		x = &Exchange{Kind: kind, Client: m.Src, Server: m.Dst, Transport: UDP, Carrier: m.Carrier,
			Request: m, Steps: []Step{step}, Started: m.Time, Ended: m.Time}
		d.kpw[k] = x
		d.rawKept += x.held()
		d.shedRaw(d.most.rawExchanges, d.most.raw)
	case krb5.APRepMsg, krb5.KRBErrorMsg:
		k := flowKey{m.Dst, m.Src, UDP}
		x := d.kpw[k]
		if x == nil {
			return
		}
		if m.Krb.Error != nil {
			step.What = errorStep(m.Krb.Error)
		}
		d.rawKept -= x.held()
		x.Steps, x.Reply, x.Ended, x.BothWays = append(x.Steps, step), m, m.Time, true
		d.rawKept += x.held()
		d.finishUDP(k, x)
	}
}

func (d *Decoder) finishUDP(k flowKey, x *Exchange) {
	delete(d.kpw, k)
	d.rawKept -= x.held()
	d.endUDP(x)
	d.sink.Exchange(x)
}

// endUDP decides how an exchange over UDP came out.
func (d *Decoder) endUDP(x *Exchange) {
	x.BothWays = x.BothWays || d.views.from(x.Server.Addr(), x.Client.Addr())
	switch {
	case x.Reply == nil:
		x.Ending = d.silence(x, x.Started)
	case x.Reply.Krb.Error != nil:
		x.Ending = Failed
	default:
		x.Ending = OK
	}
}

// shedRaw hands the oldest over early when they are more, or hold more bytes,
// than this: enough of them that it need not do so again soon.
func (d *Decoder) shedRaw(most, bytes int) {
	if len(d.kpw) <= most && d.rawKept <= bytes {
		return
	}
	for _, k := range d.rawKeys() {
		if len(d.kpw) <= most/2 && d.rawKept <= bytes/2 {
			break
		}
		d.limit("raw exchanges over UDP")
		d.finishUDP(k, d.kpw[k])
	}
}

// flushPasswords hands over what is under way over UDP, oldest first.
func (d *Decoder) flushPasswords() {
	for _, k := range d.rawKeys() {
		d.finishUDP(k, d.kpw[k])
	}
}

// rawKeys are the flows of what is under way over UDP, oldest first.
func (d *Decoder) rawKeys() []flowKey {
	keys := make([]flowKey, 0, len(d.kpw))
	for k := range d.kpw {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b flowKey) int {
		x, y := d.kpw[a], d.kpw[b]
		if x.Steps[0].Frame != y.Steps[0].Frame {
			if x.Steps[0].Frame < y.Steps[0].Frame {
				return -1
			}
			return 1
		}
		return a.client.Compare(b.client)
	})
	return keys
}
