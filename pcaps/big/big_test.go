package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"kerbscope/capture"
)

// A small corpus of one capture: a UDP datagram and its answer.
func smallCorpus(t *testing.T) string {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "case"), 0o755))
	f, err := os.Create(filepath.Join(dir, "case", "one.pcapng"))
	require.NoError(t, err)
	w := capture.NewWriter(f, capture.Section{})
	_, err = w.AddInterface(capture.Interface{Link: capture.LinkEthernet})
	require.NoError(t, err)
	e := endpoints{}
	e.client.port, e.server.port = 50000, 88
	copy(e.client.ip[:], "\x0a\x01\x01\x01")
	copy(e.server.ip[:], "\x0a\x01\x01\x02")
	var buf [200]byte
	require.NoError(t, w.WritePacket(capture.Record{Time: 1e18}, udpFrame(buf[:], &e, false, 1, []byte("ask")), capture.PacketOptions{}))
	require.NoError(t, w.WritePacket(capture.Record{Time: 1e18 + 5e6}, udpFrame(buf[:], &e, true, 2, []byte("tell")), capture.PacketOptions{}))
	require.NoError(t, w.Flush())
	require.NoError(t, f.Close())
	return dir
}

func TestGenerate(t *testing.T) {
	corpus := smallCorpus(t)
	for _, format := range []string{"pcap", "pcapng"} {
		t.Run(format, func(t *testing.T) {
			a, b := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
			o := options{share: 0.1, seed: 7, flows: 50}
			require.NoError(t, run(a, "300k", format, corpus, o))
			require.NoError(t, run(b, "300k", format, corpus, o))
			first, err := os.ReadFile(a)
			require.NoError(t, err)
			again, err := os.ReadFile(b)
			require.NoError(t, err)
			require.True(t, string(first) == string(again), "the same flags give the same bytes")
			require.InDelta(t, 300_000, len(first), 2000)

			src, err := capture.Open(a)
			require.NoError(t, err)
			defer src.Close()
			var batch capture.Batch
			kerberos, last := 0, int64(0)
			clients := map[string]int{}
			for {
				err := src.Next(&batch)
				if err == io.EOF {
					break
				}
				require.NoError(t, err)
				for i := range batch.Records {
					p := batch.Packet(i)
					require.GreaterOrEqual(t, p.Time, last)
					last = p.Time
					ip := addresses(p.Data)
					require.NotNil(t, ip)
					if len(ip) == 8 {
						require.EqualValues(t, 0xffff, fold(sum(0, p.Data[14:34])), "IP checksum")
					}
					if len(ip) == 8 && ip[0] == 10 {
						kerberos++
						clients[string(ip[:4])]++
						at := 34
						length := int(p.Data[at+4])<<8 | int(p.Data[at+5])
						check := sum(sum(uint64(protoUDP)+uint64(length), ip), p.Data[at:at+length])
						require.EqualValues(t, 0xffff, fold(check), "UDP checksum")
					}
				}
			}
			info := src.Info()
			require.Empty(t, info.Faults)
			require.InDelta(t, 0.1, float64(kerberos)/float64(info.Frames), 0.02)
			require.Len(t, clients, kerberos, "every replay has its own addresses")
		})
	}
}

func TestParseSize(t *testing.T) {
	for in, want := range map[string]uint64{"1.5G": 1.5e9, "200M": 200e6, "64k": 64e3, "77": 77} {
		n, err := parseSize(in)
		require.NoError(t, err)
		require.Equal(t, want, n)
	}
	for _, in := range []string{"", "G", "-1", "x", "NaN", "Inf"} {
		_, err := parseSize(in)
		require.Error(t, err, in)
	}
}
