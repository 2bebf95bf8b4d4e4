package flow

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kerbscope/capture"
)

// tshark is the second opinion on every encapsulation: in the innermost packet
// it finds the same addresses, ports and bytes.
func TestWrappingsInTshark(t *testing.T) {
	if testing.Short() {
		t.Skip("runs tshark")
	}
	shark, err := exec.LookPath("tshark")
	if err != nil {
		if os.Getenv("KERBSCOPE_CI") == "1" {
			t.Fatal("tshark is not installed, and KERBSCOPE_CI=1 wants it")
		}
		t.Skip("tshark is not installed")
	}
	ip := ipv4{src: a4, dst: b4, proto: 17, id: 99}.bytes(udp(40000, 9999, []byte("a datagram")))
	byLink := map[capture.LinkType][]wrapping{}
	for _, w := range wrappings {
		if !w.not {
			byLink[w.link] = append(byLink[w.link], w)
		}
	}
	for link, list := range byLink {
		t.Run(link.String(), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "wrapped.pcapng")
			f, err := os.Create(path)
			require.NoError(t, err)
			w := capture.NewWriter(f, capture.Section{})
			_, err = w.AddInterface(capture.Interface{Link: link})
			require.NoError(t, err)
			for _, c := range list {
				frame := c.wrap(ip)
				require.NoError(t, w.WritePacket(capture.Record{Time: 1e18, Wire: uint32(len(frame))}, frame, capture.PacketOptions{}))
			}
			require.NoError(t, w.Flush())
			require.NoError(t, f.Close())
			out, err := exec.Command(shark, "-n", "-r", path, "-d", "udp.port==4790,vxlan_gpe", "-T", "fields", "-E", "occurrence=l",
				"-e", "ip.src", "-e", "ip.dst", "-e", "udp.srcport", "-e", "udp.dstport", "-e", "udp.payload", "-e", "frame.protocols").Output()
			require.NoError(t, err)
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			require.Len(t, lines, len(list))
			for i, line := range lines {
				want := strings.Join([]string{a4, b4, "40000", "9999", "6120646174616772616d"}, "\t")
				if !strings.HasPrefix(line, want) {
					t.Errorf("%s: %s", list[i].name, line)
				}
			}
		})
	}
}
