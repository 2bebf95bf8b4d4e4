package analyze

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

const story = "../pcaps/seed-story"

func investigate(t *testing.T, o Options, args ...string) (*Report, []error) {
	t.Helper()
	ins, err := capture.Expand(args)
	require.NoError(t, err)
	return Investigate(context.Background(), ins, o)
}

func TestInvestigateTheStory(t *testing.T) {
	r, errs := investigate(t, Options{}, story)
	require.Empty(t, errs)
	assert.Equal(t, "key-fault-one-identity", r.Verdict.Rule)
	assert.Equal(t, "certain", r.Verdict.Confidence)
	require.NotEmpty(t, r.Findings[0].FaultAt)
	assert.Equal(t, "hub-1", r.Findings[0].FaultAt[0].Host)
	assert.Len(t, r.Captures, 3)
	for _, c := range r.Captures[1:] {
		assert.Equal(t, "packets", c.ClockOffset.From)
		assert.Less(t, c.ClockOffset.Uncertainty, 0.001)
	}
	assert.EqualValues(t, len(r.Exchanges), r.Totals.Exchanges)
	for _, k := range r.Tickets {
		assert.IsType(t, &Issue{}, k.Issued, k.SName)
	}
}

func TestWhatCannotBeReadIsNamed(t *testing.T) {
	dir := t.TempDir()
	note := filepath.Join(dir, "note.txt")
	require.NoError(t, os.WriteFile(note, []byte("no capture at all\n"), 0o600))
	whole, err := os.ReadFile(story + "/hub.pcap")
	require.NoError(t, err)
	cut := filepath.Join(dir, "cut.pcap")
	require.NoError(t, os.WriteFile(cut, whole[:len(whole)-7], 0o600))
	missing := filepath.Join(dir, "missing.pcap")

	r, errs := investigate(t, Options{}, note, missing, cut)
	require.Len(t, errs, 3)
	var format *capture.FormatError
	assert.ErrorAs(t, errs[0], &format)
	assert.ErrorIs(t, errs[1], fs.ErrNotExist)
	assert.ErrorContains(t, errs[2], "cut.pcap: read only in part")
	require.Len(t, r.Captures, 3)
	for _, c := range r.Captures {
		assert.NotEmpty(t, c.Problem, c.Name)
	}
	assert.NotZero(t, r.Captures[2].Frames)
	assert.Equal(t, "error", r.Verdict.Severity, "what can be read is still judged: %s", r.Verdict.Summary)
	spots := map[string]int{}
	for _, b := range r.BlindSpots {
		spots[b.Kind]++
	}
	assert.Equal(t, 3, spots["unreadable"])

	r, errs = investigate(t, Options{}, note)
	assert.Len(t, errs, 1)
	assert.Equal(t, "nothing could be read of note.txt", r.Verdict.Summary)
}

// Where a file was read from is no part of the report.
func TestReportHoldsNoPath(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "note.txt"), []byte("no capture at all\n"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "empty"), 0o700))
	r, errs := investigate(t, Options{}, filepath.Join(dir, "note.txt"), filepath.Join(dir, "missing.pcap"), filepath.Join(dir, "empty"))
	require.Len(t, errs, 3)
	b, err := json.Marshal(r)
	require.NoError(t, err)
	assert.NotContains(t, string(b), dir)
}

func TestTheSameWhateverTheScheduling(t *testing.T) {
	print := func() []byte {
		r, errs := investigate(t, Options{}, story, "../pcaps/key-mismatch")
		require.Empty(t, errs)
		out, err := json.Marshal(r)
		require.NoError(t, err)
		return out
	}
	want := print()
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	for _, n := range []int{1, 2, 4} {
		runtime.GOMAXPROCS(n)
		require.True(t, bytes.Equal(want, print()), "GOMAXPROCS %d", n)
	}
}

// A ring set of two files is one capture: connections run on from one to the
// next, and frames are numbered in each file.
func TestRingSet(t *testing.T) {
	whole, err := os.ReadFile(story + "/hub.pcap")
	require.NoError(t, err)
	at, n, middle := 24, 0, 0
	for at < len(whole) {
		if n++; n == 47 { // between an AP-REQ and its refusal
			middle = at
		}
		at += 16 + int(binary.LittleEndian.Uint32(whole[at+8:]))
	}
	require.NotZero(t, middle)
	dir := t.TempDir()
	a, b := filepath.Join(dir, "hub_1.pcap"), filepath.Join(dir, "hub_2.pcap")
	require.NoError(t, os.WriteFile(a, whole[:middle], 0o600))
	require.NoError(t, os.WriteFile(b, append(bytes.Clone(whole[:24]), whole[middle:]...), 0o600))

	r, errs := Investigate(context.Background(), []capture.Input{{Label: "hub_1", Path: a, Set: 1}, {Label: "hub_2", Path: b, Set: 1}}, Options{})
	require.Empty(t, errs)
	one, _ := investigate(t, Options{}, story+"/hub.pcap")
	assert.Equal(t, one.Verdict.Summary, r.Verdict.Summary)
	assert.Equal(t, one.Totals.Exchanges, r.Totals.Exchanges)
	require.Len(t, r.Captures, 2)
	assert.EqualValues(t, 46, r.Captures[0].Frames)
	across := false
	for _, x := range r.Exchanges {
		if len(x.Frames) > 1 && x.Frames[0].Capture != x.Frames[len(x.Frames)-1].Capture {
			across = true
		}
	}
	assert.True(t, across, "an exchange runs on from one file to the next")
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	ins, err := capture.Expand([]string{story})
	require.NoError(t, err)
	r, errs := Investigate(ctx, ins, Options{})
	assert.Len(t, errs, 3)
	assert.ErrorIs(t, errs[0], context.Canceled)
	assert.NotNil(t, r)
}

func TestWhatKeytabsTell(t *testing.T) {
	s := newSynth(t)
	x := s.ap(apX{to: "10.0.0.20:25", ticket: smtp5, word: "no"})
	some := func(v int64) krb5.Opt[int64] { return krb5.Opt[int64]{V: v, OK: true} }
	x.Request.Opened = &decode.Opened{Key: "smtp/hub-1.contoso.com@CONTOSO.COM 5 18", SessionKeyEType: krb5.Opt[int32]{V: 23, OK: true}, EndTime: some(1700000000),
		Authenticator: &decode.OpenedAuthenticator{CTime: some(1690000000)}}
	r := newReader().record(x)
	require.NotNil(t, r.Opened)
	assert.Equal(t, x.Request.Opened.Key, r.Opened.Key)
	assert.Equal(t, int32(23), *r.Opened.Session)
	assert.Equal(t, int64(1700000000e9), *r.Opened.End)
	assert.Equal(t, int64(1690000000e9), *r.Opened.CTime)
	assert.Nil(t, r.OpenedIssued)

	x.Request.Opened = &decode.Opened{Refusal: decode.WrongSecret, WhyNot: "another key"}
	r = newReader().record(x)
	assert.True(t, r.Opened.Misfit)
	assert.False(t, r.Opened.Lacks)
}
