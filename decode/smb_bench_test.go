package decode

import (
	"encoding/binary"
	"fmt"
	"testing"

	"kerbscope/capture"
)

// tcpFrame is an Ethernet frame of a connection between 10.0.0.1 (the client)
// and 10.0.0.2.
func tcpFrame(d dir, clientPort, serverPort uint16, seq, ack uint32, flags byte, payload []byte) []byte {
	b := make([]byte, 54, 54+len(payload))
	b[12], b[14], b[23] = 8, 0x45, 6
	binary.BigEndian.PutUint16(b[16:], uint16(40+len(payload)))
	copy(b[26:], []byte{10, 0, 0, 1, 10, 0, 0, 2})
	src, dst := clientPort, serverPort
	if d == toClient {
		b[29], b[33], src, dst = 2, 1, serverPort, clientPort
	}
	binary.BigEndian.PutUint16(b[34:], src)
	binary.BigEndian.PutUint16(b[36:], dst)
	binary.BigEndian.PutUint32(b[38:], seq)
	if flags&0x10 != 0 {
		binary.BigEndian.PutUint32(b[42:], ack)
	}
	b[46], b[47] = 0x50, flags
	return append(b, payload...)
}

// conversation makes the packets of turns on one connection: a SYN each, then
// the turns in segments of at most mss bytes.
func conversation(clientPort, serverPort uint16, mss int, turns ...turn) []capture.Packet {
	var all []capture.Packet
	seq := [2]uint32{1000, 5000}
	add := func(d dir, flags byte, payload []byte) {
		f := tcpFrame(d, clientPort, serverPort, seq[d], seq[d.other()], flags, payload)
		all = append(all, capture.Packet{Data: f, Record: capture.Record{
			Frame: uint64(len(all) + 1), Time: 1e9 + int64(len(all))*1e5, Wire: uint32(len(f)), Len: uint32(len(f)), Link: capture.LinkEthernet}})
		seq[d] += uint32(len(payload)) + uint32(flags>>1&1)
	}
	add(toServer, 0x02, nil)
	add(toClient, 0x12, nil)
	for _, t := range turns {
		for b := t.data; len(b) > 0; {
			n := min(len(b), mss)
			add(t.d, 0x18, b[:n])
			b = b[n:]
		}
	}
	return all
}

// BenchmarkSMBCopy decodes a session setup and files that are written and read
// back: 192 KiB, where the stream is followed, and 8 MiB, where it rests.
func BenchmarkSMBCopy(b *testing.B) {
	for _, writes := range []int{2, 64} {
		turns := []turn{
			fromClient(setupRequest(1, 0, spnegoReq)), fromServer(setupResponse(0, 1, 7, 0, spnegoRep)),
			fromClient(treeConnect(2, 7, `\\hub-1.contoso.com\data`)),
		}
		for i := range writes {
			data := make([]byte, 64<<10)
			for j := range data {
				data[j] = byte(j * i)
			}
			turns = append(turns,
				fromClient(nbss(smb2Message(9, false, 0, uint64(2*i+3), 7, append(make([]byte, 48), data...)))),
				fromServer(nbss(smb2Message(9, true, 0, uint64(2*i+3), 7, make([]byte, 17)))),
				fromClient(nbss(smb2Message(8, false, 0, uint64(2*i+4), 7, make([]byte, 49)))),
				fromServer(nbss(smb2Message(8, true, 0, uint64(2*i+4), 7, append(make([]byte, 16), data...)))))
		}
		all := conversation(40000, 445, 1448, turns...)
		b.Run(fmt.Sprintf("%dKiB", writes*128), func(b *testing.B) {
			batch := &capture.Batch{}
			for _, p := range all {
				rec := p.Record
				rec.Off = uint32(len(batch.Data))
				batch.Data = append(batch.Data, p.Data...)
				batch.Records = append(batch.Records, rec)
			}
			b.ReportAllocs()
			for b.Loop() {
				d := New(Options{}, &null{})
				d.Batch(0, batch)
				d.Close()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(all)), "ns/frame")
		})
	}
}
