package live

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"kerbscope/capture"
	"kerbscope/capture/live/filter"
)

// TestVeth: everything sent is received, with lengths, times and VLAN tags.
func TestVeth(t *testing.T) {
	inNamespace(t)
	h := open(t, Options{Interfaces: []string{"v1"}, Promiscuous: true, SnapLen: 1000})
	s := newSender(t, "v0")
	began := time.Now().UnixNano()
	var sent [][]byte
	const n = 5000
	for i := range uint64(n) {
		var tags []uint16
		switch i % 3 {
		case 1:
			tags = []uint16{0x2005}
		case 2:
			tags = []uint16{7, 9}
		}
		sent = append(sent, frame(i, 1234, 88, 60+int(i%1400), tags...))
		s.send(sent[i])
	}
	i, last := 0, began
	collect(t, h, n, func(p capture.Packet) {
		want := sent[i]
		require.EqualValues(t, len(want), p.Wire)
		require.Equal(t, want[:min(len(want), 1000)], p.Data)
		require.Equal(t, capture.LinkEthernet, p.Link)
		require.GreaterOrEqual(t, p.Time, last)
		last = p.Time
		i++
		require.EqualValues(t, i, p.Frame)
	})
	assert.Less(t, last, time.Now().UnixNano())
	st, info := h.Stats(), h.Info()
	assert.Equal(t, Stats{Received: n}, st)
	assert.Equal(t, "v1", info.Interfaces[0].Name)
	assert.EqualValues(t, n, info.Frames)
	assert.Equal(t, began/1e10, info.First/1e10)
	assert.Equal(t, last, info.Last)
	assert.Positive(t, info.Truncated)
	assert.Empty(t, info.Lost)

	var b capture.Batch
	at := time.Now()
	require.NoError(t, h.Next(&b), "nothing comes")
	assert.Empty(t, b.Records)
	assert.Less(t, time.Since(at), 300*time.Millisecond)
	if withLibpcap {
		return
	}
	allocs := testing.AllocsPerRun(3, func() { h.Next(&b) })
	assert.Less(t, allocs, 4.0)
}

// TestBreak: what was sent before Break is all given, nothing sent after it.
func TestBreak(t *testing.T) {
	inNamespace(t)
	for _, names := range [][]string{{"v1"}, {"v1", "lo"}, {Any}} {
		if withLibpcap && names[0] == Any {
			continue // it does not tell the interfaces of its packets
		}
		h := open(t, Options{Interfaces: names})
		s := newSender(t, "v0")
		n := 3000
		for i := range n {
			s.send(frame(uint64(i), 1, 88, 100))
		}
		h.Break()
		h.Break()
		var b capture.Batch
		got, err := 0, error(nil)
		for err == nil {
			err = h.Next(&b)
			for i := range b.Records {
				p := b.Packet(i)
				if iface := h.Info().Interfaces[p.Interface].Name; iface == "v1" {
					got++
				}
			}
			s.send(frame(0, 1, 88, 100))
		}
		assert.ErrorIs(t, err, io.EOF)
		// Break is carried out by the next Next, which came at once.
		assert.GreaterOrEqual(t, got, n)
		assert.LessOrEqual(t, got, n+2)
		assert.Zero(t, h.Stats().KernelDropped)
		require.NoError(t, h.Close())
		require.ErrorIs(t, h.Next(&b), io.EOF)
	}
}

// ownAny adds Any, which under libpcap has a link header of its own choice.
func ownAny(names ...string) []string {
	if !withLibpcap {
		names = append(names, Any)
	}
	return names
}

// TestFilterFirst: with packets coming all the time, nothing that the filter
// refuses is captured, also not in the first moment.
func TestFilterFirst(t *testing.T) {
	inNamespace(t)
	s := newSender(t, "v0")
	stop, stopped := make(chan bool), make(chan bool)
	t.Cleanup(func() {
		close(stop)
		<-stopped
	})
	go func() {
		defer close(stopped)
		for i := uint64(0); ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			unix.Sendto(s.fd, frame(i, 1234, 5000, 80), 0, &s.to)
			if i%10 == 0 {
				unix.Sendto(s.fd, frame(i, 1234, 88, 80, 5), 0, &s.to)
			}
		}
	}()
	for _, o := range []Options{
		{Filter: "udp port 88"}, {Filter: "vlan 5 and port 88"}, {Filter: "vlan and not port 5000"}, {Filter: "not port 5000"},
		{Program: DefaultFilter(filter.Ports{UDP: []uint16{88}, TCP: []uint16{88}})},
	} {
		for _, name := range ownAny("v1") {
			o.Interfaces = []string{name}
			h := open(t, o)
			var b capture.Batch
			got, end := 0, time.Now().Add(3*time.Second)
			for h.Next(&b) == nil {
				if got += len(b.Records); got > 0 || time.Now().After(end) {
					h.Break()
				}
				for i := range b.Records {
					p := b.Packet(i)
					at := 18 + 20
					if p.Link == capture.LinkSLL2 {
						at = 24 + 20
					}
					require.EqualValues(t, 88, binary.BigEndian.Uint16(p.Data[at+2:]), "%v %x", o, p.Data)
				}
			}
			assert.Positive(t, got)
			h.Close()
		}
	}
}

// TestVLANFilter: tags are on the side in the kernel, and the second in the
// frame.
func TestVLANFilter(t *testing.T) {
	inNamespace(t)
	frames := [][]byte{frame(0, 1, 88, 80), frame(1, 1, 88, 80, 5), frame(2, 1, 88, 80, 6), frame(3, 1, 88, 80, 5, 9), frame(4, 1, 99, 80, 5)}
	s := newSender(t, "v0")
	for _, row := range []struct {
		text string
		want []uint64
	}{
		{"port 88", []uint64{0, 1, 2}}, // as libpcap: the outer tag is not seen
		{"vlan", []uint64{1, 2, 3, 4}},
		{"vlan 5", []uint64{1, 3, 4}},
		{"vlan 5 and port 88", []uint64{1}},
		{"vlan and vlan 9 and port 88", []uint64{3}},
		{"not vlan", []uint64{0}},
		{"not vlan 5", []uint64{0, 2}},
		{"port 99 or vlan 6", []uint64{2, 4}},
	} {
		for _, name := range ownAny("v1") {
			h := open(t, Options{Interfaces: []string{name}, Filter: row.text})
			for _, f := range frames {
				s.send(f)
			}
			h.Break()
			var got []uint64
			var b capture.Batch
			for h.Next(&b) == nil {
				for i := range b.Records {
					p := b.Packet(i)
					if h.Info().Interfaces[p.Interface].Name != "v1" {
						continue
					}
					at := 14
					if name == Any {
						at = 20
					}
					for k := at - 2; ; k, at = k+4, at+4 { // SLL2 has its protocol first
						if e := binary.BigEndian.Uint16(p.Data[k:]); name == "v1" && e != 0x8100 || name == Any && p.Data[at] == 0x45 {
							break
						}
					}
					got = append(got, binary.BigEndian.Uint64(p.Data[at+28:]))
				}
			}
			h.Close()
			assert.Equal(t, row.want, got, "%s %s", name, row.text)
		}
	}
}

// TestLoopback: every packet once.
func TestLoopback(t *testing.T) {
	inNamespace(t)
	for _, name := range []string{"lo", Any} {
		h := open(t, Options{Interfaces: []string{name}, Filter: "udp port 8888"})
		l, err := net.ListenPacket("udp", "127.0.0.1:8888")
		require.NoError(t, err)
		c, err := net.Dial("udp", "127.0.0.1:8888")
		require.NoError(t, err)
		for range 100 {
			c.Write([]byte("x"))
		}
		c.Close()
		l.Close()
		h.Break()
		var b capture.Batch
		n := 0
		for h.Next(&b) == nil {
			n += len(b.Records)
		}
		assert.Equal(t, 100, n)
		h.Close()
	}
}

// TestSeveral: packets of several interfaces come in order of time, with the
// name of their own.
func TestSeveral(t *testing.T) {
	inNamespace(t)
	for _, names := range [][]string{{"v0", "v1"}, {"v1", "v0", "v1", "lo"}, {Any}} {
		if withLibpcap && names[0] == Any {
			continue
		}
		h := open(t, Options{Interfaces: names})
		a, z := newSender(t, "v0"), newSender(t, "v1")
		for i := range uint64(500) {
			a.send(frame(2*i, 1, 88, 90))
			z.send(frame(2*i+1, 1, 88, 90))
			if i%50 == 0 {
				time.Sleep(5 * time.Millisecond)
			}
		}
		seen, last := map[string]int{}, int64(0)
		collect(t, h, 2000, func(p capture.Packet) {
			seen[h.Info().Interfaces[p.Interface].Name]++
			if !withLibpcap { // whose packets come when its thread gets to run
				require.GreaterOrEqual(t, p.Time, last)
			}
			last = p.Time
		})
		assert.Equal(t, map[string]int{"v0": 1000, "v1": 1000}, seen)
		assert.Zero(t, h.Stats().KernelDropped)
		h.Close()
	}
}

// TestGone: an interface that goes down, is removed and comes back is captured
// on again; other interfaces do not mind.
func TestGone(t *testing.T) {
	inNamespace(t)
	for _, names := range [][]string{{"v1"}, {"lo", "v1"}, {Any}} {
		if withLibpcap && names[0] == Any {
			continue
		}
		h := open(t, Options{Interfaces: names, Filter: "port 88"})
		one := func(n uint64) {
			t.Helper()
			newSender(t, "v0").send(frame(n, 1, 88, 90))
			count := 1
			if names[0] == Any {
				count = 2
			}
			collect(t, h, count, func(p capture.Packet) {
				assert.Contains(t, []string{"v0", "v1"}, h.Info().Interfaces[p.Interface].Name)
				assert.Equal(t, n, binary.BigEndian.Uint64(p.Data[len(p.Data)-90+42:]))
			})
		}
		var b capture.Batch
		until := func(what func() bool) {
			t.Helper()
			for end := time.Now().Add(3 * time.Second); !what(); {
				require.NoError(t, h.Next(&b))
				require.Empty(t, b.Records)
				require.Less(t, time.Now(), end)
			}
		}
		one(1)
		shell(t, "ip link set v1 down")
		if names[0] != Any && !withLibpcap {
			until(func() bool { return len(h.Stats().Down) == 1 })
			assert.Equal(t, []string{"v1"}, h.Stats().Down)
		}
		shell(t, "ip link set v1 up; until ip -o link show v0 | grep -q 'state UP'; do sleep 0.05; done")
		until(func() bool { return len(h.Stats().Down) == 0 })
		one(2)
		shell(t, "ip link del v1")
		if names[0] != Any {
			until(func() bool { return len(h.Stats().Down) == 1 })
		} else {
			until(func() bool { time.Sleep(50 * time.Millisecond); return true })
		}
		newPair(t)
		until(func() bool { return len(h.Stats().Down) == 0 })
		one(3)
		st := h.Stats()
		if names[0] == Any {
			assert.Zero(t, st.Reopened)
			assert.EqualValues(t, 6, st.Received)
		} else {
			assert.EqualValues(t, 1, st.Reopened)
			assert.EqualValues(t, 3, st.Received, "the counts of before are kept")
		}
		assert.Len(t, h.Info().Interfaces, map[string]int{"v1": 1, "lo": 2, Any: 2}[names[0]])
		h.Close()
	}
}

// TestFull: what the buffer cannot hold is counted, and the rest is whole.
func TestFull(t *testing.T) {
	if withLibpcap {
		t.Skip("libpcap has a smallest buffer of its own")
	}
	inNamespace(t)
	h := open(t, Options{Interfaces: []string{"v1"}, Buffer: 1})
	s := newSender(t, "v0")
	const n = 4000
	for i := range uint64(n) {
		s.send(frame(i, 1, 88, 1500))
	}
	h.Break()
	var b capture.Batch
	got := 0
	for h.Next(&b) == nil {
		for i := range b.Records {
			require.EqualValues(t, got, binary.BigEndian.Uint64(b.Packet(i).Data[42:]))
			got++
		}
	}
	st := h.Stats()
	assert.Positive(t, st.KernelDropped)
	assert.EqualValues(t, n, st.Received)
	assert.EqualValues(t, n, uint64(got)+st.KernelDropped)
	assert.Equal(t, []capture.Count{{Name: "dropped_by_kernel", N: st.KernelDropped}}, h.Info().Lost)
}

// TestWiden: a port that was learnt is let through from then on.
func TestWiden(t *testing.T) {
	inNamespace(t)
	h := open(t, Options{Interfaces: []string{"v1"}, Program: DefaultFilter(filter.Ports{TCP: []uint16{135}, UDP: []uint16{88}})})
	tcp := frame(0, 1234, 49155, 100)
	tcp[23], tcp[46] = 6, 0x50
	s := newSender(t, "v0")
	s.send(tcp)
	s.send(frame(1, 1, 88, 70))
	collect(t, h, 1, func(p capture.Packet) { assert.EqualValues(t, 70, p.Len) })
	require.NoError(t, h.Widen(49155, 135))
	s.send(tcp)
	s.send(frame(1, 1, 88, 70))
	lens := []uint32{}
	collect(t, h, 2, func(p capture.Packet) { lens = append(lens, p.Len) })
	assert.Equal(t, []uint32{100, 70}, lens)
	var many []uint16
	for p := range uint16(1000) {
		many = append(many, 50000+p)
	}
	require.NoError(t, h.Widen(many...))
	assert.Equal(t, maxLearned, h.learned)
}

func TestOpenErrors(t *testing.T) {
	_, err := Open(Options{})
	var ie *InterfaceError
	assert.ErrorAs(t, err, &ie)
	inNamespace(t)
	_, err = Open(Options{Interfaces: []string{"nope0"}})
	if assert.ErrorAs(t, err, &ie) {
		assert.Equal(t, "nope0: no such interface", err.Error())
		assert.Regexp(t, "v0|-D", ie.Hint)
	}
	_, err = Open(Options{Interfaces: []string{"v1", ""}})
	assert.ErrorAs(t, err, &ie)
	_, err = Open(Options{Interfaces: []string{"v1"}, Filter: "port kerberos"})
	var fe *filter.Error
	if !withLibpcap { // which looks names up
		assert.ErrorAs(t, err, &fe)
	}
	_, err = Open(Options{Interfaces: []string{"v1"}, Filter: "port ("})
	assert.ErrorAs(t, err, &fe)
	assert.ErrorAs(t, CheckFilter("port ("), &fe)
	assert.NoError(t, CheckFilter("port 88 or 464"))

	list, err := Interfaces()
	require.NoError(t, err)
	names := map[string]Interface{}
	for _, i := range list {
		names[i.Name] = i
	}
	assert.Contains(t, names, Any)
	assert.True(t, names["lo"].Loopback)
	assert.True(t, names["v0"].Up)
	assert.Equal(t, "127.0.0.1", names["lo"].Addresses[0].String())
}

// TestPermission: without the right, the error says what gives it.
func TestPermission(t *testing.T) {
	inNamespace(t)
	h, d := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, [2]unix.CapUserData{}
	require.NoError(t, unix.Capset(&h, &d[0])) // of this thread, which ends with the test
	_, err := Open(Options{Interfaces: []string{"v1"}})
	var pe *PermissionError
	require.ErrorAs(t, err, &pe)
	if !withLibpcap {
		assert.ErrorIs(t, err, unix.EPERM)
	}
	assert.Contains(t, pe.Hint, "sudo setcap cap_net_raw")
	assert.Equal(t, "v1", pe.Interface)
	assert.Contains(t, fmt.Sprint(err), "no right to capture on v1")
}
