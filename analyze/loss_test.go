package analyze

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
	"kerbscope/decode"
)

// A loss close to a finding is told, and makes an argument from silence weaker;
// one of which nobody knows when only one that rests on little.
func TestNearLoss(t *testing.T) {
	near := []Loss{{From: 100e9, To: 101e9, N: 3, What: capture.DroppedByKernel}}
	whole := []Loss{{From: 10e9, To: 500e9, N: 4, What: "events"}, {From: 10e9, To: 500e9, N: 1, What: "buffers"}}
	const closeTo = " Close to it eth0 lost 3 packets: what was in them is unknown."
	const somewhere = " eth0 lost 4 events and 1 buffer, it is not known when: what was in them is unknown."
	for _, v := range []struct {
		rule        string
		first, last int64
		count       uint64
		losses      []Loss
		want        Confidence
		said        string
	}{
		{"kdc-unreachable", 103e9, 103e9, 1, near, Likely, closeTo},
		{"kdc-unreachable", 120e9, 120e9, 1, near, Certain, ""},
		{"kdc-unreachable", 96e9, 105e9, 40, near, Likely, closeTo},
		{"kdc-unreachable", 20e9, 105e9, 40, near, Certain, closeTo},
		{"kdc-unreachable", 20e9, 300e9, 4, near, Likely, closeTo},
		{"key-mismatch", 99e9, 99e9, 1, near, Certain, closeTo},
		{"kdc-unreachable", 99e9, 99e9, 1, whole, Likely, somewhere},
		{"kdc-unreachable", 99e9, 200e9, 5, whole, Certain, somewhere},
		{"key-mismatch", 99e9, 99e9, 1, whole, Certain, somewhere},
	} {
		c := &Case{joined: &joined{captures: []CaptureFacts{{Name: "eth0", Losses: v.losses}}}}
		f := Finding{Rule: v.rule, Confidence: Certain, Cause: "It.", Count: v.count, first: v.first, last: v.last}
		c.nearLoss(&f)
		assert.Equal(t, v.want, f.Confidence, v)
		assert.Equal(t, "It."+v.said, f.Cause, v)
	}
}

// What a recorder lost is a blind spot, in the same words of a file and of a
// live capture, with its times as far as they are known.
func TestBlindLoss(t *testing.T) {
	base := int64(1767225600e9) // 2026-01-01
	for _, v := range []struct {
		name   string
		f      CaptureFacts
		want   string
		losses int
	}{
		{"none", CaptureFacts{Info: capture.Info{Lost: []capture.Count{{Name: "not_written", N: 5}}}}, "", 0},
		{"live", CaptureFacts{Losses: []Loss{{From: base, To: base + 1e9, N: 3, What: capture.DroppedByKernel}}, Info: capture.Info{Lost: []capture.Count{{Name: capture.DroppedByKernel, N: 3}}}},
			"x lacks 3 packets dropped by the kernel at 2026-01-01 00:00:00 UTC: what was in them is unknown, and what is concluded from silence near them is less sure; a narrower capture filter loses less", 1},
		{"file with times", CaptureFacts{Info: capture.Info{Lost: []capture.Count{{Name: capture.DroppedByInterface, N: 9}}, Losses: []Loss{
			{From: base, To: base + 1e9, N: 1, What: capture.DroppedByInterface}, {From: base + 5e9, To: base + 6e9, N: 1, What: capture.DroppedByInterface}, {From: base + 10e9, To: base + 11e9, N: 1, What: capture.DroppedByInterface},
			{From: base + 20e9, To: base + 21e9, N: 6, What: capture.DroppedByInterface}}}},
			"x lacks 9 packets dropped by the network interface at 2026-01-01 00:00:00, 2026-01-01 00:00:05, 2026-01-01 00:00:10 UTC and 1 time more: what was in them is unknown, and what is concluded from silence near them is less sure", 4},
		{"trace", CaptureFacts{Info: capture.Info{Lost: []capture.Count{{Name: "events", N: 1}, {Name: "buffers", N: 2}}}},
			"x lacks 1 event lost by the trace session, it is not known when, 2 buffers lost by the trace session, it is not known when: what was in them is unknown, and what is concluded from silence near them is less sure", 2},
	} {
		v.f.Name, v.f.First, v.f.Last = "x", base, base+3600e9
		v.f.Losses = lossesOf(&v.f, func(t int64) int64 { return t })
		require.Len(t, v.f.Losses, v.losses, v.name)
		got := ""
		for _, b := range blindLoss(&v.f) {
			got = b.Summary
			assert.Equal(t, "lost", b.Kind)
			assert.Empty(t, b.Rules, "they speak, less sure")
		}
		assert.Equal(t, v.want, got, v.name)
	}
}

// A file whose recorder says in statistics blocks what it dropped.
func TestLossOfFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lossy.pcapng")
	f, err := os.Create(path)
	require.NoError(t, err)
	src, err := capture.Open("../pcaps/kdc-unreachable/mailbox.pcapng")
	require.NoError(t, err)
	defer src.Close()
	w := capture.NewWriter(f, capture.Section{})
	var b capture.Batch
	var at int64
	for src.Next(&b) == nil {
		for len(b.Records) > 0 && at == 0 {
			_, err := w.AddInterface(src.Info().Interfaces[0])
			require.NoError(t, err)
			at = b.Records[0].Time
		}
		for i := range b.Records {
			p := b.Packet(i)
			require.NoError(t, w.WritePacket(p.Record, p.Data, capture.PacketOptions{}))
			at = p.Time
		}
	}
	require.NoError(t, w.WriteStatistics(0, at, capture.Statistics{Dropped: 7}))
	require.NoError(t, w.Flush())
	require.NoError(t, f.Close())
	r, errs := Investigate(context.Background(), []capture.Input{{Path: path, Label: "lossy.pcapng"}}, Options{})
	require.Empty(t, errs)
	require.EqualValues(t, 7, r.Captures[0].Lost[capture.DroppedByKernel])
	require.Contains(t, kindsOf(r), "lost")
	i := slices.IndexFunc(r.Findings, func(f Finding) bool { return f.Rule == "kdc-unreachable" })
	require.GreaterOrEqual(t, i, 0)
	require.Contains(t, r.Findings[i].Cause, "lossy.pcapng lost 7 packets")
}

func kindsOf(r *Report) (list []string) {
	for _, b := range r.BlindSpots {
		list = append(list, b.Kind)
	}
	return list
}

// What a capture filter left out is its doing, and is told with what to do.
func TestBlindFilter(t *testing.T) {
	s := newSynth(t)
	s.dns("hub-1.contoso.com", hubIP)
	s.logon()
	s.ap(apX{to: "10.0.0.20:4711", ticket: tkt{httpSPN, 18, 5, "t"}, oneWay: true})
	facts := func(filter string) CaptureFacts {
		return CaptureFacts{Name: "eth0", Info: capture.Info{Interfaces: []capture.Interface{{Name: "eth0", Filter: filter}}}, Stats: decode.Stats{Gaps: 3, OtherGaps: 2}}
	}
	got := func(f CaptureFacts) map[string]BlindSpot {
		c := s.joined()
		c.joined.captures = []CaptureFacts{f}
		m := map[string]BlindSpot{}
		for _, b := range c.blindSpots() {
			m[b.Kind] = b
		}
		return m
	}
	ours := got(facts(capture.KerberosFilter))
	assert.Equal(t, "of connections on port 4711 the capture filter of kerbscope capture let through to eth0 only packets that show Kerberos; answers without it are not there; --all-ports, or -f 'port 88 or tcp port 4711', captures them whole", ours["filter"].Summary)
	assert.EqualValues(t, 2, ours["filter"].Count)
	assert.NotContains(t, ours, "one-sided")
	assert.Equal(t, "bytes are missing in 1 places of the connections followed in eth0", ours["gaps"].Summary)
	none := got(facts(""))
	assert.NotContains(t, none, "filter")
	assert.EqualValues(t, 3, none["gaps"].Count)
	assert.Contains(t, none, "one-sided")
	theirs := got(facts("dst port 4711"))
	assert.Equal(t, none["gaps"], theirs["gaps"])
	assert.Equal(t, none["one-sided"].Summary+`; the capture filter "dst port 4711" let no answers through: capture with one that names no direction`, theirs["one-sided"].Summary)
	assert.Equal(t, none, got(facts("port 4711 and not dst net ff02::/16")))
}

// A rule that found something in what a blind spot is about could speak.
func TestSpoken(t *testing.T) {
	spots := []BlindSpot{
		{Kind: "gaps", Captures: []string{"a"}, Rules: acceptorRules},
		{Kind: "tls", Captures: []string{"a"}, Hosts: []string{"hub-1"}, Rules: acceptorRules},
		{Kind: "gaps", Captures: []string{"b"}, Rules: acceptorRules},
	}
	spoken(spots, []Finding{{Rule: "key-mismatch", FaultAt: []Fault{{Host: "hub-2"}}, Evidence: []Evidence{{Capture: "a", Frame: 1}}}})
	assert.NotContains(t, spots[0].Rules, "key-mismatch")
	assert.Contains(t, spots[1].Rules, "key-mismatch")
	assert.Contains(t, spots[2].Rules, "key-mismatch")
	assert.Contains(t, acceptorRules, "key-mismatch")
}
