package live

import (
	"encoding/binary"
	"errors"
	"net"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"kerbscope/capture"
)

// inNamespace runs the test in a network namespace of its own, with lo up and
// a pair v0, v1 of virtual interfaces. It needs root; as root, failing to make
// them is an error.
func inNamespace(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("not root: no network namespace, no capturing")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		if os.Getenv("KERBSCOPE_CI") != "" {
			t.Fatal("ip (iproute2) is not there")
		}
		t.Skip("ip (iproute2) is not there")
	}
	if withLibpcap { // whose interfaces are read, and opened again, by threads of their own
		if os.Getenv("KERBSCOPE_NETNS") == "" {
			cmd := exec.Command("unshare", "-n", os.Args[0], "-test.run", "^"+t.Name()+"$")
			cmd.Env = append(os.Environ(), "KERBSCOPE_NETNS=1")
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, string(out))
			t.Skip("passed, in a process of its own")
		}
		shell(t, "ip link set lo up")
		newPair(t)
		return
	}
	runtime.LockOSThread() // and the thread ends with the test
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		if errors.Is(err, unix.EPERM) && os.Getenv("KERBSCOPE_CI") == "" {
			t.Skip("root, but not allowed to make a network namespace: ", err)
		}
		t.Fatal(err)
	}
	shell(t, "ip link set lo up")
	newPair(t)
}

func newPair(t *testing.T) {
	// IPv6 would send packets of its own. Until the kernel has seen the carrier
	// it drops what is sent, without a word.
	shell(t, `ip link add v0 type veth peer name v1
		for i in v0 v1; do sysctl -qw net.ipv6.conf.$i.disable_ipv6=1; ip link set $i up; done
		for i in v0 v1; do
			for n in $(seq 200); do
				ip -o link show $i | grep -q 'qdisc noqueue.*state UP' && continue 2
				sleep 0.05
			done
			ip -o link show $i; exit 1
		done`)
}

func shell(t *testing.T, script string) {
	t.Helper()
	out, err := exec.Command("sh", "-ec", script).CombinedOutput()
	require.NoError(t, err, string(out))
}

// sender sends frames out of an interface.
type sender struct {
	t  *testing.T
	fd int
	to unix.SockaddrLinklayer
}

func newSender(t *testing.T, name string) *sender {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	i, err := net.InterfaceByName(name)
	require.NoError(t, err)
	return &sender{t, fd, unix.SockaddrLinklayer{Ifindex: i.Index}}
}

func (s *sender) send(frame []byte) {
	require.NoError(s.t, unix.Sendto(s.fd, frame, 0, &s.to))
}

// frame is an Ethernet frame of size bytes with a UDP datagram between two
// ports, behind VLAN tags, that holds n.
func frame(n uint64, sport, dport uint16, size int, tags ...uint16) []byte {
	b := make([]byte, 12, size)
	b[0] = 2
	for _, tag := range tags {
		b = binary.BigEndian.AppendUint16(append(b, 0x81, 0), tag)
	}
	b = append(b, 8, 0, 0x45, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(size-len(b)+2))
	b = append(b, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2)
	b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, sport), dport)
	b = binary.BigEndian.AppendUint64(append(b, 0, 0, 0, 0), n)
	return b[:size]
}

// collect reads until n packets are there, or for 3 seconds, and gives each to
// see.
func collect(t *testing.T, h *Handle, n int, see func(p capture.Packet)) {
	t.Helper()
	var b capture.Batch
	for end := time.Now().Add(3 * time.Second); n > 0 && time.Now().Before(end); {
		began := time.Now()
		require.NoError(t, h.Next(&b))
		require.Less(t, time.Since(began), time.Second)
		for i := range b.Records {
			see(b.Packet(i))
			n--
		}
	}
	require.Zero(t, n, "packets missing, or too many")
}

func open(t *testing.T, o Options) *Handle {
	t.Helper()
	h, err := Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { h.Close() })
	return h
}
