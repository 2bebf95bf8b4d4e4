package decode

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kerbscope/capture"
)

// counter is a Sink that counts.
type counter struct{ messages, exchanges, sessions int }

func (c *counter) Message(*Message)   { c.messages++ }
func (c *counter) Exchange(*Exchange) { c.exchanges++ }
func (c *counter) Session(*Session)   { c.sessions++ }
func (c *counter) Sighting(*Sighting) {}

// kdcExchanges are exchanges of the corpus, as the bytes of their messages: an
// AS exchange with the step to preauthentication, and a TGS exchange.
func kdcExchanges(tb testing.TB) map[Kind][][]byte {
	tb.Helper()
	found := map[Kind][][]byte{}
	for _, path := range corpusFiles(tb) {
		for _, x := range readFile(tb, path, Options{}).exchanges {
			if want := map[Kind]int{AS: 4, TGS: 2}[x.Kind]; want == 0 || x.Ending != OK || len(x.Steps) != want || found[x.Kind] != nil || len(x.Request.Krb.KDCReq.Addresses) > 1 {
				continue
			}
			for _, s := range x.Steps {
				found[x.Kind] = append(found[x.Kind], s.Msg.Krb.Raw)
			}
		}
		if len(found) == 2 {
			return found
		}
	}
	require.FailNow(tb, "no AS and TGS exchanges in the corpus")
	return nil
}

// udpConversation makes the packets of turns, a datagram each.
func udpConversation(clientPort, serverPort uint16, turns ...turn) (all []capture.Packet) {
	for i, t := range turns {
		f := tcpFrame(t.d, clientPort, serverPort, 0, 0, 0, nil)[:42]
		f[23] = 17
		binary.BigEndian.PutUint16(f[16:], uint16(28+len(t.data)))
		binary.BigEndian.PutUint16(f[38:], uint16(8+len(t.data)))
		f = append(f, t.data...)
		all = append(all, capture.Packet{Data: f, Record: capture.Record{
			Time: 1e9 + int64(i)*1e5, Wire: uint32(len(f)), Len: uint32(len(f)), Link: capture.LinkEthernet}})
	}
	return all
}

// tcpConversation is conversation with an end, and an acknowledgment of it.
func tcpConversation(clientPort, serverPort uint16, turns ...turn) []capture.Packet {
	all := conversation(clientPort, serverPort, 1448, turns...)
	seq := [2]uint32{1001, 5001}
	for _, t := range turns {
		seq[t.d] += uint32(len(t.data))
	}
	last := all[len(all)-1].Record.Time
	for i, f := range [][]byte{
		tcpFrame(toClient, clientPort, serverPort, seq[toClient], seq[toServer], 0x11, nil),
		tcpFrame(toServer, clientPort, serverPort, seq[toServer], seq[toClient]+1, 0x11, nil),
		tcpFrame(toClient, clientPort, serverPort, seq[toClient]+1, seq[toServer]+1, 0x10, nil),
	} {
		all = append(all, capture.Packet{Data: f, Record: capture.Record{
			Time: last + int64(i+1)*1e5, Wire: uint32(len(f)), Len: uint32(len(f)), Link: capture.LinkEthernet}})
	}
	return all
}

// batchOf puts packets into one batch.
func batchOf(all []capture.Packet) *capture.Batch {
	b := &capture.Batch{}
	for i, p := range all {
		rec := p.Record
		rec.Off, rec.Len, rec.Frame = uint32(len(b.Data)), uint32(len(p.Data)), uint64(i+1)
		b.Data = append(b.Data, p.Data...)
		b.Records = append(b.Records, rec)
	}
	return b
}

// repeated decodes b with d, as though the same came again hours later.
func repeated(d *Decoder, b *capture.Batch) {
	span := b.Records[len(b.Records)-1].Time - b.Records[0].Time
	for i := range b.Records {
		b.Records[i].Time += span + 1e13
		b.Records[i].Frame += uint64(len(b.Records))
	}
	for _, before := range []int64{200e9, 199e9, 1e9} { // a leap is believed the second time; what ended then is known for a minute
		d.Tick(b.Records[0].Time - before)
	}
	Prepare(b)
	d.Batch(0, b)
}

// kdcBatches are batches of 200 exchanges each, by what they are of: whole, from
// packets on.
func kdcBatches(tb testing.TB) map[string]*capture.Batch {
	list := map[string]*capture.Batch{}
	for kind, messages := range kdcExchanges(tb) {
		var udp, tcp []capture.Packet
		for n := range 200 {
			port, at := uint16(40000+n), int64(n)*1e6
			var datagrams, records []turn
			for i, m := range messages {
				datagrams = append(datagrams, turn{d: dir(i % 2), data: m})
				records = append(records, turn{d: dir(i % 2), data: append(binary.BigEndian.AppendUint32(nil, uint32(len(m))), m...)})
			}
			for _, p := range udpConversation(port, 88, datagrams...) {
				p.Record.Time += at
				udp = append(udp, p)
			}
			for _, p := range tcpConversation(port, 88, records...) {
				p.Record.Time += at
				tcp = append(tcp, p)
			}
		}
		list[kind.String()+"/UDP"], list[kind.String()+"/TCP"] = batchOf(udp), batchOf(tcp)
	}
	return list
}

// BenchmarkKDCExchange decodes whole exchanges, from packets to the Exchange.
func BenchmarkKDCExchange(b *testing.B) {
	for name, batch := range kdcBatches(b) {
		b.Run(name, func(b *testing.B) {
			s := &counter{}
			d := New(Options{}, s)
			b.ReportAllocs()
			for b.Loop() {
				repeated(d, batch)
			}
			require.Equal(b, 200*b.N, s.exchanges)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(s.exchanges), "ns/exchange")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(s.messages), "ns/message")
		})
	}
}

// TestKDCExchangeAllocations: three a message (its bytes, what was read from
// them, its row) and one an exchange; a connection takes one more, and what
// joins the segments of a message two.
func TestKDCExchangeAllocations(t *testing.T) {
	for name, batch := range kdcBatches(t) {
		s := &counter{}
		d := New(Options{}, s)
		repeated(d, batch)
		repeated(d, batch)
		*s = counter{}
		allocs := testing.AllocsPerRun(3, func() { repeated(d, batch) })
		require.Equal(t, 4*200, s.exchanges, name)
		per := allocs / 200
		messages := float64(s.messages) / float64(s.exchanges)
		most := 3*messages + 1
		if strings.HasSuffix(name, "TCP") {
			most += 3
		}
		require.LessOrEqual(t, per, most+0.1, name)
	}
}

// BenchmarkPairing pairs messages that were read, without the packets.
func BenchmarkPairing(b *testing.B) {
	for kind, raw := range kdcExchanges(b) {
		b.Run(kind.String(), func(b *testing.B) {
			var messages []*Message
			for i, m := range raw {
				row := newMessage(m)
				row.Src, row.Dst, row.Transport, row.Carrier = port(0), kdc1, UDP, []string{"kdc"}
				if i%2 == 1 {
					row.Src, row.Dst = row.Dst, row.Src
				}
				messages = append(messages, row)
			}
			s := &counter{}
			d := New(Options{}, s)
			b.ReportAllocs()
			at, from := int64(0), uint16(1024)
			for b.Loop() {
				if from++; from < 1024 {
					from = 1024
				}
				for i, m := range messages {
					at += 1e5
					m.Time = at
					if i%2 == 0 {
						m.Src = netip.AddrPortFrom(client, from)
					} else {
						m.Dst = netip.AddrPortFrom(client, from)
					}
					d.kdcMessage(m)
				}
			}
			require.Equal(b, b.N, s.exchanges)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(messages)), "ns/message")
		})
	}
}
