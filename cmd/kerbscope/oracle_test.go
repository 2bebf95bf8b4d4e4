package main

import (
	"bytes"
	"crypto/sha256"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// TestTsharkOracle: tshark and decode see the same Kerberos messages in every
// capture of the corpus, at the same frame number, time and Community ID, with
// the same fields (canonical lists them). What tshark does not find where it
// stands is in blindSpots, and shown to it as a datagram of its own: there the
// fields must be the same as well.
func TestTsharkOracle(t *testing.T) {
	needTool(t, "tshark")
	blind := &blindMessages{used: map[string]int{}, raw: map[[sha256.Size]byte]ourMessage{}}
	t.Run("captures", func(t *testing.T) {
		for _, path := range corpusCaptures(t) {
			t.Run(caseName(path), func(t *testing.T) {
				t.Parallel()
				compareCapture(t, path, blind)
			})
		}
	})
	t.Run("blind", func(t *testing.T) { blind.compare(t) })
}

func compareCapture(t *testing.T, path string, blind *blindMessages) {
	theirs, ours := tsharkMessages(t, path), ourMessages(t, path)
	var missing, seen, more []string
	for _, m := range theirs {
		i := slices.IndexFunc(ours, func(o ourMessage) bool { return !o.eye && o.text == m.text })
		if i < 0 {
			i = slices.IndexFunc(ours, func(o ourMessage) bool {
				return !o.eye && o.cut && o.frame == m.frame && strings.HasPrefix(m.body, o.typ)
			})
		}
		if i < 0 {
			// Of HTTP tshark shows the frame that ends the whole message, not that which ends the token.
			i = slices.IndexFunc(ours, func(o ourMessage) bool {
				return !o.eye && o.http && o.body == m.body && o.flow == m.flow && o.frame < m.frame
			})
		}
		if i < 0 {
			missing = append(missing, m.text)
			continue
		}
		if s := ours[i].spot; s != nil && !s.sometimes {
			seen = append(seen, s.why+": "+m.text)
		}
		ours = slices.Delete(ours, i, i+1)
	}
	assert.Empty(t, missing, "messages that tshark shows and decode does not")
	assert.Empty(t, seen, "messages that tshark shows after all: a blind spot less")
	for _, o := range ours {
		if o.eye {
			blind.add(o)
			continue
		}
		if o.spot == nil {
			more = append(more, o.text)
		} else {
			blind.add(o)
		}
	}
	assert.Empty(t, more, "messages that decode shows and tshark does not")
}

// An oracleMessage is what tshark or decode shows of a message.
type oracleMessage struct {
	text  string // where and when it stood, and body
	body  string // what is compared of the message itself
	typ   string
	frame uint64
	flow  string // Community ID
}

func oracleOf(r *row) oracleMessage {
	return oracleMessage{text: canonical(r), body: canonicalMessage(r), typ: r.MsgType, frame: r.Frame, flow: r.CommunityID}
}

// An ourMessage is a message that decode shows.
type ourMessage struct {
	oracleMessage
	raw  []byte
	cut  bool
	http bool
	spot *blindSpot // why tshark need not show it; nil when it must
	eye  bool       // tshark shall look at raw by itself
}

// oracleSink collects what decode yields of one capture.
type oracleSink struct {
	digits int
	list   []ourMessage
}

func (s *oracleSink) Message(m *decode.Message) {
	if m.Krb == nil {
		return
	}
	r := makeRow(m, "", s.digits)
	o := ourMessage{oracleMessage: oracleOf(r), raw: slices.Clone(m.Krb.Raw), cut: cutShort(r), http: r.Carrier[0] == "http"}
	for i := range blindSpots {
		if blindSpots[i].is(r) {
			o.spot = &blindSpots[i]
			break
		}
	}
	s.list = append(s.list, o)
	if r.EData != nil && len(r.EData.MethodData) > 0 && *r.ErrorCode != preauthRequired && !o.cut {
		s.eData(m, o)
	}
}

// eData adds an error again, under a code with which tshark looks into its e-data.
func (s *oracleSink) eData(m *decode.Message, o ourMessage) {
	code := slices.Clone(krbErrorCode)
	code[len(code)-1] = byte(m.Krb.Error.ErrorCode.V)
	i := bytes.Index(o.raw, code)
	if i < 0 {
		return
	}
	o.raw = slices.Clone(o.raw)
	copy(o.raw[i:], krbErrorCode)
	k, _ := krb5.Parse(o.raw)
	o.body, o.eye = canonicalMessage(makeRow(&decode.Message{Krb: &k, Carrier: []string{"kdc"}}, "", 0)), true
	s.list = append(s.list, o)
}

// krbErrorCode is the field error-code of a KDC_ERR_PREAUTH_REQUIRED.
var krbErrorCode = []byte{0xa6, 3, 2, 1, preauthRequired}

func (*oracleSink) Exchange(*decode.Exchange) {}
func (*oracleSink) Session(*decode.Session)   {}
func (*oracleSink) Sighting(*decode.Sighting) {}

func ourMessages(t *testing.T, path string) []ourMessage {
	src, err := capture.Open(path)
	require.NoError(t, err)
	defer src.Close()
	sink := &oracleSink{}
	d := decode.New(decode.Options{}, sink)
	pool := capture.NewPool(4)
	for {
		b := pool.Get()
		err := src.Next(b)
		if err == io.EOF {
			b.Release()
			break
		}
		require.NoError(t, err)
		sink.digits = src.Info().Digits
		d.Batch(0, b)
	}
	d.Close()
	return sink.list
}

// blindMessages are those of all captures that tshark does not find.
type blindMessages struct {
	sync.Mutex
	used map[string]int // reasons
	raw  map[[sha256.Size]byte]ourMessage
}

func (b *blindMessages) add(o ourMessage) {
	b.Lock()
	defer b.Unlock()
	if o.spot != nil {
		b.used[o.spot.why]++
	}
	// Cut messages tshark reads otherwise; TGT-REQ and TGT-REP it does not know.
	if !o.cut && len(o.raw) > 0 && o.raw[0] != 0x30 {
		b.raw[sha256.Sum256(o.raw)] = o
	}
}

// compare shows the messages to tshark, each as a datagram from a KDC.
func (b *blindMessages) compare(t *testing.T) {
	for _, s := range blindSpots {
		assert.True(t, s.rare || b.used[s.why] > 0, "no message of the corpus needs this any more: %s", s.why)
	}
	var list []ourMessage
	var raw [][]byte
	for _, o := range b.raw {
		list, raw = append(list, o), append(raw, o.raw)
	}
	require.NotEmpty(t, list)
	path := filepath.Join(t.TempDir(), "blind.pcap")
	require.NoError(t, os.WriteFile(path, datagrams(raw), 0o600))
	theirs := map[uint64]string{}
	tsharkEach(t, path, func(r *row) { theirs[r.Frame] = canonicalMessage(r) })
	for i, o := range list {
		assert.Equal(t, theirs[uint64(i+1)], o.body)
	}
}

// needTool skips a test for want of a tool; in CI that is a failure.
func needTool(t *testing.T, name string) {
	t.Helper()
	if raceDetector {
		t.Skip("the run without the race detector has the tools' opinion")
	}
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("KERBSCOPE_CI") != "" {
			t.Fatalf("%s is not installed", name)
		}
		t.Skipf("%s is not installed", name)
	}
}

// corpusCaptures lists every capture of the corpus, and of KERBSCOPE_CORPUS.
func corpusCaptures(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, root := range corpusRoots() {
		for _, dir := range corpusCases(t, root) {
			list = append(list, capturesIn(t, dir)...)
		}
	}
	require.NotEmpty(t, list)
	return list
}

func caseName(path string) string {
	return filepath.Base(filepath.Dir(path)) + "/" + filepath.Base(path)
}
