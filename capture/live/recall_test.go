package live

import (
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/bpf"

	"kerbscope/capture"
	"kerbscope/capture/live/filter"
	"kerbscope/decode"
)

// messages is a Sink that counts Kerberos messages by their carrier.
type messages struct{ by map[string]int }

func (m *messages) Message(x *decode.Message) {
	if x.Krb != nil {
		m.by[strings.Join(x.Carrier, "/")]++
	}
}
func (*messages) Exchange(*decode.Exchange) {}
func (*messages) Session(*decode.Session)   {}
func (*messages) Sighting(*decode.Sighting) {}

// TestDefaultFilterRecall: what the decoder finds in the corpus it finds behind
// the default filter too, but for what the filter cannot know: protocols on
// other ports than theirs, tunnels, and binds in several segments.
func TestDefaultFilterRecall(t *testing.T) {
	tcp, tls, udp := decode.Ports()
	p := DefaultFilter(filter.Ports{TCP: tcp, TLS: tls, UDP: udp})
	files, err := filepath.Glob("../../pcaps/*/*.pcap*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	vms := map[capture.LinkType]*bpf.VM{}
	read := func(path string, filtered bool) map[string]int {
		m := &messages{by: map[string]int{}}
		src, err := capture.Open(path)
		if err != nil {
			return nil
		}
		defer src.Close()
		d := decode.New(decode.Options{}, m)
		for {
			b := &capture.Batch{}
			if src.Next(b) != nil {
				break
			}
			kept := b.Records[:0]
			for i := range b.Records {
				q := b.Packet(i)
				vm := vms[q.Link]
				if vm == nil {
					program, err := p.build(filter.Link{Type: q.Link}, 1)
					require.NoError(t, err)
					if program == nil {
						program = []bpf.Instruction{bpf.RetConstant{Val: 1}}
					}
					vm, err = bpf.NewVM(program)
					require.NoError(t, err)
					vms[q.Link] = vm
				}
				n, err := vm.Run(q.Data)
				require.NoError(t, err)
				if n > 0 || !filtered {
					kept = append(kept, b.Records[i])
				}
			}
			b.Records = kept
			d.Batch(0, b)
		}
		d.Close()
		return m.by
	}
	all, lost := 0, 0
	var where []string
	for _, f := range files {
		whole, rest := read(f, false), read(f, true)
		for carrier, n := range whole {
			all += n
			if d := n - rest[carrier]; d > 0 {
				lost += d
				where = append(where, filepath.Base(filepath.Dir(f))+" "+carrier)
			}
		}
	}
	sort.Strings(where)
	t.Logf("%d of %d messages: %s", lost, all, strings.Join(where, ", "))
	assert.Less(t, float64(lost), 0.02*float64(all))
}
