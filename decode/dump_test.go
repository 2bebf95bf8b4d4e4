package decode

import (
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"kerbscope/capture"
)

// recorder is a Sink that keeps everything.
type recorder struct {
	messages  []*Message
	exchanges []*Exchange
	sessions  []*Session
	sightings []*Sighting
}

func (r *recorder) Message(m *Message)   { r.messages = append(r.messages, m) }
func (r *recorder) Exchange(x *Exchange) { r.exchanges = append(r.exchanges, x) }
func (r *recorder) Session(s *Session)   { r.sessions = append(r.sessions, s) }
func (r *recorder) Sighting(g *Sighting) { r.sightings = append(r.sightings, g) }

// readFile decodes one capture file.
func readFile(t testing.TB, path string, o Options) *recorder {
	t.Helper()
	src, err := capture.Open(path)
	require.NoError(t, err)
	defer src.Close()
	r := &recorder{}
	d := New(o, r)
	for {
		b := &capture.Batch{}
		err := src.Next(b)
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		d.Batch(0, b)
	}
	d.Close()
	return r
}

// TestDump prints what a capture holds, for reading by hand:
// KERBSCOPE_DUMP=file go test -run TestDump -v ./decode
func TestDump(t *testing.T) {
	path := os.Getenv("KERBSCOPE_DUMP")
	if path == "" {
		t.Skip("prints the capture named in KERBSCOPE_DUMP, for reading by hand")
	}
	r := readFile(t, path, Options{})
	for _, m := range r.messages {
		what := "-"
		if m.Krb != nil {
			what = m.Krb.Type.String()
			if m.Krb.Error != nil {
				what += fmt.Sprint(" ", m.Krb.Error.ErrorCode.V)
			}
			if m.Krb.Malformed != nil || len(m.Krb.Anomalies) > 0 {
				what += fmt.Sprint(" ", m.Krb.Malformed, m.Krb.Anomalies)
			}
		}
		fmt.Printf("%4d %v>%v %v %s ntlm=%s", m.Frame.Number(), m.Src, m.Dst, m.Carrier, what, m.NTLM)
		if m.Result != nil {
			fmt.Printf(" %v %d %s %q", m.Result.Outcome, m.Result.Code, m.Result.CodeName, m.Result.Text)
		}
		fmt.Println()
	}
	for _, x := range r.exchanges {
		fmt.Printf("X %v %v>%v %v %v:", x.Kind, x.Client, x.Server, x.Carrier, x.Ending)
		for _, s := range x.Steps {
			fmt.Printf(" %d=%s", s.Frame.Number(), s.What)
		}
		fmt.Println()
	}
	for _, s := range r.sessions {
		fmt.Printf("S %v>%v %s offered=%q tls=%d anon=%d end=%d names=%v\n", s.Client, s.Server, s.Carrier, s.Offered, s.TLS.Number(), s.Anonymous.Number(), s.End, s.Names)
		for _, a := range s.Attempts {
			fmt.Printf("   %s %q", a.Mech, a.Verb)
			for _, k := range a.Tokens {
				fmt.Printf(" %d:%s", k.Frame.Number(), k.Kind)
			}
			fmt.Printf(" %+v\n", a.Result)
		}
	}
	for _, g := range r.sightings {
		fmt.Printf("G %d %d %v>%v %s %v %s\n", g.Kind, g.Frame.Number(), g.Src, g.Dst, g.Name, g.Addrs, g.Target)
	}
}
