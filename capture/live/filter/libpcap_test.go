package filter

import (
	"bytes"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/bpf"

	"kerbscope/capture"
)

// libpcap compiles a filter with tcpdump. rejects: no packet can pass it.
func libpcap(t *testing.T, link, text string) (program []bpf.Instruction, rejects bool, err error) {
	t.Helper()
	out, err := exec.Command("tcpdump", "-y", link, "-ddd", text).Output()
	if err != nil {
		if e, ok := err.(*exec.ExitError); ok && bytes.Contains(e.Stderr, []byte("rejects all packets")) {
			return nil, true, nil
		} else if ok {
			return nil, false, fmt.Errorf("%s", e.Stderr)
		}
		return nil, false, err
	}
	var raw []bpf.RawInstruction
	for i, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		var r bpf.RawInstruction
		if i == 0 {
			continue
		}
		_, err := fmt.Sscan(line, &r.Op, &r.Jt, &r.Jf, &r.K)
		require.NoError(t, err)
		raw = append(raw, r)
	}
	program, ok := bpf.Disassemble(raw)
	require.True(t, ok, text)
	return program, false, nil
}

func needTcpdump(t *testing.T) {
	if _, err := exec.LookPath("tcpdump"); err != nil {
		if os.Getenv("KERBSCOPE_CI") != "" {
			t.Fatal("tcpdump is not there")
		}
		t.Skip("tcpdump is not there: libpcap's compiler is what filters are compared with")
	}
}

var linkNames = map[capture.LinkType]string{capture.LinkEthernet: "EN10MB", capture.LinkRaw: "RAW", capture.LinkSLL: "LINUX_SLL", capture.LinkSLL2: "LINUX_SLL2"}

// same runs our program and libpcap's on all packets.
func same(t *testing.T, link capture.LinkType, text string, packets [][]byte) {
	t.Helper()
	theirs, rejects, err := libpcap(t, linkNames[link], text)
	x, ourErr := Parse(text)
	if err != nil {
		require.NotEqual(t, capture.LinkEthernet, link, "libpcap refuses %q: %v", text, err)
		return // what other links have not
	}
	require.NoError(t, ourErr, text)
	ours, ourErr := x.Program(Link{Type: link}, 262144)
	require.NoError(t, ourErr, text)
	a, err := bpf.NewVM(ours)
	require.NoError(t, err, text)
	var b *bpf.VM
	if !rejects {
		b, err = bpf.NewVM(theirs)
		require.NoError(t, err, text)
	}
	bad := 0
	for _, p := range packets {
		if p = relink(p, link); p == nil {
			continue
		}
		got, err := a.Run(p)
		require.NoError(t, err)
		want := 0
		if b != nil {
			want, err = b.Run(p)
			require.NoError(t, err)
		}
		if (got > 0) != (want > 0) {
			if bad++; bad == 1 {
				assert.Equal(t, want > 0, got > 0, "%s %q\n%x", link, text, p)
			}
		}
	}
	if bad > 1 {
		t.Logf("%d of %d packets", bad, len(packets))
	}
}

func TestLibpcapTable(t *testing.T) {
	needTcpdump(t)
	packets := append(madePackets(2000, false), corpusPackets(t, 3000)...)
	for _, text := range []string{
		"", "port 88", "port 88 or 464", "port 88 or 464 and 53", "port (88 or 464)", "not port 88 or 464", "tcp port 88 and not (464 or 445)",
		"port 88 or not 464", "host 10.0.0.1 or 10.0.0.2", "src host 10.0.0.1 and port 88", "src 10.0.0.1", "dst fd00::1",
		"src or dst port 88", "src and dst port 88", "dst and src host 10.0.0.1", "tcp src port 88", "portrange 90-80", "udp dst portrange 0-65535",
		"net 10", "net 10.1", "net 10.0.0.0/8", "net 10.0.0.0", "net 10.0.0.0 mask 255.0.0.0", "net 0.0.0.0/0", "net ::/0", "net fe80::/10 or port 53", "dst net fd00::/127",
		"arp host 10.0.0.1", "ip host 10.0.0.1 or 10.0.0.2", "rarp net 10", "ether host 2:0:0:0:0:1", "ether src 02-00-00-00-00-02", "ether dst host 2:0:0:0:0:1",
		"vlan", "vlan 5", "vlan and port 88", "vlan 5 and vlan 100 and host 10.0.0.1", "not vlan", "port 88 or vlan", "port 88 or vlan or port 88", "(vlan 5 and port 88) or host 10.0.0.1",
		"vlan or arp", "not (vlan 1) and tcp", "port 88 and vlan 5",
		"tcp", "udp", "icmp", "icmp6", "sctp", "ip", "ip6", "arp", "rarp", "esp", "ah", "igmp", "tcp or udp or icmp", "tcp and port 88 or udp", "ip and not tcp", "! arp && ! ip6",
		"ip proto 6", "ip6 proto 6", "proto 132", "ether proto 0x806", "ip multicast", "ip6 multicast", "multicast", "ether multicast", "broadcast", "ether broadcast", "less 60", "greater 100",
	} {
		for link, name := range linkNames {
			t.Run(name+" "+text, func(t *testing.T) { same(t, link, text, packets) })
		}
	}
}

// TestLibpcapRandom compares filters made at random.
func TestLibpcapRandom(t *testing.T) {
	needTcpdump(t)
	n := 300
	if testing.Short() {
		n = 30
	}
	packets := append(madePackets(1500, false), corpusPackets(t, 500)...)
	r := rand.New(rand.NewSource(3))
	for i := range n {
		same(t, capture.LinkEthernet, randomFilter(r, 1+i%7, true), packets)
	}
	for i := range n / 3 {
		same(t, pick(r, []capture.LinkType{capture.LinkRaw, capture.LinkSLL2, capture.LinkSLL}), randomFilter(r, 1+i%5, false), packets)
	}
}
