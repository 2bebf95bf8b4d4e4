package decode

import (
	"encoding/binary"
	"hash/maphash"
	"net/netip"

	"kerbscope/decode/krb5"
)

// Flows and questions are known by hashes of 64 bits with a seed of the
// process: that two which differ share one is too unlikely to matter.

// flow is the hash of a UDP conversation or a TCP connection, client to server.
func (p *kdcPairs) flow(client, server netip.AddrPort, t Transport) uint64 {
	var buf [40]byte
	b := appendEnd(buf[:0], client)
	b = appendEnd(b, server)
	return maphash.Bytes(p.seed, append(b, byte(t)))
}

func appendEnd(b []byte, e netip.AddrPort) []byte {
	a := e.Addr().As16()
	return binary.BigEndian.AppendUint16(append(b, a[:]...), e.Port())
}

// question is the hash of what a request asks, whatever it is sent over: hosts,
// kind, cname, realm and sname.
func (p *kdcPairs) question(m *Message, kind Kind) uint64 {
	var buf [256]byte
	client, server := m.Src.Addr().As16(), m.Dst.Addr().As16()
	b := append(append(append(buf[:0], client[:]...), server[:]...), byte(kind))
	q := m.Krb.KDCReq
	b = appendName(b, q.CName)
	b = appendName(b, q.SName)
	return maphash.Bytes(p.seed, append(b, q.Realm...))
}

// appendName appends a name and, so that nothing is ambiguous, its length.
func appendName(b []byte, n krb5.PrincipalName) []byte {
	at := len(b)
	b = n.Append(append(b, 0, 0, 0, 0))
	binary.BigEndian.PutUint32(b[at:], uint32(len(b)-at))
	return b
}

// waiting are the exchanges whose requests wait in a flow, oldest first.
type waiting struct {
	first *openKDC
	more  []*openKDC
}

func (w *waiting) len() int {
	if w.first == nil {
		return 0
	}
	return 1 + len(w.more)
}

func (w *waiting) at(i int) *openKDC {
	if i == 0 {
		return w.first
	}
	return w.more[i-1]
}

func (w *waiting) add(o *openKDC) {
	if w.first == nil {
		w.first = o
	} else {
		w.more = append(w.more, o)
	}
}

func (w *waiting) remove(i int) {
	if i > 0 {
		w.more = append(w.more[:i-1], w.more[i:]...)
		return
	}
	w.first = nil
	if len(w.more) > 0 {
		w.first, w.more = w.more[0], w.more[1:]
	}
}

// wait says that o waits in flow f.
func (p *kdcPairs) wait(f uint64, o *openKDC) {
	w := p.flows[f]
	n := w.len()
	if n > 0 && w.at(n-1) == o || n >= maxSteps {
		return
	}
	w.add(o)
	p.flows[f] = w
}

// waits tells whether a request of m's flow waits for an answer.
func (p *kdcPairs) waits(m *Message) bool {
	w := p.flows[p.flow(m.Dst, m.Src, m.Transport)]
	return w.len() > 0
}

// answered finds the exchange whose request m, of flow f, answers, which waits
// there no more; nil: none.
func (p *kdcPairs) answered(f uint64, m *Message) *openKDC {
	w := p.flows[f]
	for i := range w.len() {
		if o := w.at(i); fits(m, o.x.Kind) {
			p.unwait(f, w, i)
			return o
		}
	}
	return nil
}

// unwait takes the exchange at i out of w, those that wait in flow f.
func (p *kdcPairs) unwait(f uint64, w waiting, i int) {
	if w.remove(i); w.first == nil {
		delete(p.flows, f)
	} else {
		p.flows[f] = w
	}
}
