package capture

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/require"
)

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return b
}

// gopacketReads are the samples that gopacket's readers read to their end.
// Why not the others: it takes no modified, Nokia, AIX or Ixia pcap and no
// length order but the newest, refuses packets over the snap length and all at
// snap length 0, has microseconds of any time resolution wrong beyond 10^-9,
// and drops other link types, custom blocks and packets that are damaged.
var gopacketReads = []string{
	"pcap, microseconds", "pcap, big-endian", "pcap, nanoseconds", "pcap, nanoseconds, big-endian", "pcap, no packets",
	"pcap, cut by snaplen", "pcap, empty record", "pcapng", "pcapng, no packets", "pcapng, big-endian",
	"pcapng, packet options", "pcapng, nanoseconds", "pcapng, FCS length",
}

func TestGopacketAgrees(t *testing.T) {
	all := map[string]sample{}
	for _, s := range samples(t) {
		all[s.name] = s
	}
	for _, name := range gopacketReads {
		t.Run(name, func(t *testing.T) {
			s, ok := all[name]
			require.True(t, ok)
			ps, _ := readAll(t, s.file)
			gopacketAgrees(t, s.format, s.file, ps)
		})
	}
	for _, path := range corpus(t) {
		src, err := Open(path)
		require.NoError(t, err)
		ps, info := drain(t, src)
		require.NoError(t, src.Close())
		if info.Format == "pcap" || info.Format == "pcapng" && len(info.Interfaces) == 1 {
			gopacketAgrees(t, info.Format, readFile(t, path), ps)
		}
	}
}

func gopacketAgrees(t *testing.T, format string, file []byte, ps []readPacket) {
	next := func() ([]byte, time.Time, int, error) { return nil, time.Time{}, 0, nil }
	switch format {
	case "pcap":
		r, err := pcapgo.NewReader(bytes.NewReader(file))
		require.NoError(t, err)
		next = func() ([]byte, time.Time, int, error) {
			data, ci, err := r.ReadPacketData()
			return data, ci.Timestamp, ci.Length, err
		}
	case "pcapng":
		r, err := pcapgo.NewNgReader(bytes.NewReader(file), pcapgo.DefaultNgReaderOptions)
		require.NoError(t, err)
		next = func() ([]byte, time.Time, int, error) {
			data, ci, err := r.ReadPacketData()
			return data, ci.Timestamp, ci.Length, err
		}
	}
	for _, p := range ps {
		data, at, wire, err := next()
		require.NoError(t, err)
		require.Equal(t, string(data), p.data)
		require.Equal(t, at.UnixNano(), p.Time)
		require.EqualValues(t, wire, p.Wire)
	}
	_, _, _, err := next()
	require.Error(t, err)
}
