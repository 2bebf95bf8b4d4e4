package filter

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/bpf"

	"kerbscope/capture"
)

// TestRefused: what is not understood is refused where it stands.
func TestRefused(t *testing.T) {
	for _, row := range []struct{ text, at, what string }{
		{"tcp[13] & 2 != 0", "[13] & 2 != 0", "comparisons"},
		{"len <= 100", "<= 100", "comparisons"},
		{"port kerberos", "kerberos", "not a number"},
		{"port 088", "088", "not a number"},
		{"port 70000", "70000", "at most 65535"},
		{"port", "", "missing"},
		{"port 88 or", "", "missing"},
		{"port 88 464", "464", "not understood here"},
		{"port 88,464", ",464", "a character"},
		{"(port 88", "", "missing"},
		{"port 88)", ")", "closing parenthesis"},
		{"()", ")", "closing parenthesis"},
		{"and", "and", "does not fit"},
		{"(port 88) or 464", "464", "without a word"},
		{"tcp or 464", "464", "without a word"},
		{"vlan 5 or 6", "6", "without a word"},
		{"10.0.0.1", "10.0.0.1", "not a word"},
		{"not 88", "88", "not a word"},
		{"tcp 88", "88", "not understood here"},
		{"tcp host 10.0.0.1", "tcp host 10.0.0.1", `"tcp" does not go with "host"`},
		{"ip port 88", "ip port 88", `"ip" does not go with "port"`},
		{"ether port 88", "ether port 88", "does not go"},
		{"host dc1.example.com", "dc1.example.com", "not an IP address"},
		{"host 10", "10", "not an IP address"},
		{"host 10.0.0.1/8", "/8", "a network where"},
		{"host 010.0.0.1", "010.0.0.1", "not an IP address"},
		{"ip host ::1", "::1", "other IP version"},
		{"ip6 host 10.0.0.1", "10.0.0.1", "other IP version"},
		{"net 10.1.2.3/8", "10.1.2.3/8", "bits outside"},
		{"net fd00::1/16", "fd00::1/16", "bits outside"},
		{"net 10/8", "/8", "short network"},
		{"net 10.0.0.0/33", "33", "at most 32"},
		{"net 300", "300", "not a network"},
		{"net fd00:: mask ffff::", "ffff::", "not a network mask"},
		{"vlan 5000", "5000", "at most 4095"},
		{"ether host 10.0.0.1", "10.0.0.1", "not an Ethernet address"},
		{"portrange 1", "1", "not a range"},
		{"gateway r1", "gateway r1", "not understood"},
		{"inbound", "inbound", "not understood"},
		{"PORT 88", "PORT 88", "not a word"},
		{"port 88 AND port 89", "AND port 89", "small letters"},
		{"src tcp port 88", "tcp port 88", "does not fit"},
		{"ether proto 4", "4", "802.2"},
		{"host fe80::1%eth0", "%eth0", "comparisons"},
		{"ip broadcast", "broadcast", "does not fit"},
	} {
		t.Run(row.text, func(t *testing.T) {
			_, err := Parse(row.text)
			var e *Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, row.at, row.text[e.At:])
			assert.Contains(t, e.What, row.what)
			assert.Contains(t, err.Error(), row.what)
		})
	}
}

func TestRefusedByLink(t *testing.T) {
	for _, row := range []struct {
		text string
		link Link
		what string
	}{
		{"ether host 1:2:3:4:5:6", Link{Type: capture.LinkRaw}, "no Ethernet addresses"},
		{"broadcast", Link{Type: capture.LinkSLL2, Cooked: true}, "no Ethernet addresses"},
		{"multicast", Link{Type: capture.LinkSLL}, "no Ethernet addresses"},
		{"vlan 5", Link{Type: capture.LinkRaw}, "no VLAN tags"},
		{"port 88", Link{Type: capture.LinkWiFi}, "not made for link type IEEE802_11"},
	} {
		x, err := Parse(row.text)
		require.NoError(t, err)
		_, err = x.Program(row.link, 100)
		assert.ErrorContains(t, err, row.what)
	}
}

// TestLong: conditional jumps reach 255 instructions, kernels take 4096.
func TestLong(t *testing.T) {
	text := "host 10.0.0.1" + strings.Repeat(" or ip host 10.9.9.9", 150) + " or port 88"
	x, err := Parse(text)
	require.NoError(t, err)
	program, err := x.Program(Link{Type: capture.LinkEthernet}, 77)
	require.NoError(t, err)
	assert.Greater(t, len(program), 1000)
	vm, err := bpf.NewVM(program)
	require.NoError(t, err)
	y, err := Parse("host 10.0.0.1 or ip host 10.9.9.9 or port 88")
	require.NoError(t, err)
	short, err := y.Program(Link{Type: capture.LinkEthernet}, 77)
	require.NoError(t, err)
	ref, err := bpf.NewVM(short)
	require.NoError(t, err)
	kept := 0
	for _, p := range madePackets(500, false) {
		n, err := vm.Run(p)
		require.NoError(t, err)
		want, err := ref.Run(p)
		require.NoError(t, err)
		assert.Equal(t, want, n)
		kept += n / 77
	}
	assert.Positive(t, kept)

	x, err = Parse(text + strings.Repeat(" or port 9", 500))
	require.NoError(t, err)
	_, err = x.Program(Link{Type: capture.LinkEthernet}, 77)
	assert.ErrorContains(t, err, "kernels take 4096")

	_, err = Parse(strings.Repeat("(", 200) + "ip" + strings.Repeat(")", 200))
	assert.ErrorContains(t, err, "nested too deeply")
	_, err = Parse(strings.Repeat("not ", 200) + "ip")
	assert.ErrorContains(t, err, "nested too deeply")
	_, err = Parse("port 88 or " + strings.Repeat("not ", 200) + "5")
	assert.ErrorContains(t, err, "nested too deeply")
	_, err = Parse(strings.Repeat("x", 1<<20))
	assert.ErrorContains(t, err, "longer than")
}

// FuzzParse: no panic, an error that points into the text, and a program that
// the kernel's rules accept and that ends on any packet.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"port 88 or 464", "vlan 5 and (host 10.0.0.1 or net fd00::/8)", "not (tcp src portrange 1-9 or ether host 1:2:3:4:5:6)", "ip proto 6 && less 9", "net 10 mask 255.0.0.0", "src or dst", "x["} {
		f.Add(s)
	}
	packets := madePackets(8, true)
	f.Fuzz(func(t *testing.T, s string) {
		x, err := Parse(s)
		if err != nil {
			var e *Error
			require.True(t, errors.As(err, &e))
			require.LessOrEqual(t, e.At, len(e.Text))
			require.NotEmpty(t, err.Error())
			return
		}
		for _, l := range []Link{{Type: capture.LinkEthernet}, {Type: capture.LinkEthernet, Tags: true}, {Type: capture.LinkRaw}, {Type: capture.LinkSLL2, Cooked: true, Tags: true}} {
			program, err := x.Program(l, 100)
			if err != nil {
				continue
			}
			raw, err := bpf.Assemble(program)
			require.NoError(t, err)
			checkProgram(t, raw)
			if l.Tags {
				continue // not for the VM
			}
			vm, err := bpf.NewVM(program)
			require.NoError(t, err)
			for _, p := range packets {
				n, err := vm.Run(p)
				require.NoError(t, err)
				require.Contains(t, []int{0, 100}, n)
			}
		}
	})
}

// checkProgram holds what Linux's bpf_check_classic asks for: few enough
// instructions, jumps that stay inside, a return at the end.
func checkProgram(t *testing.T, raw []bpf.RawInstruction) {
	require.LessOrEqual(t, len(raw), maxProgram)
	require.NotEmpty(t, raw)
	for i, r := range raw {
		switch {
		case r.Op&7 == 5 && r.Op&0xf0 == 0:
			require.Less(t, i+1+int(r.K), len(raw))
		case r.Op&7 == 5:
			require.Less(t, i+1+int(max(r.Jt, r.Jf)), len(raw))
		}
	}
	require.Equal(t, uint16(6), raw[len(raw)-1].Op&7)
}
