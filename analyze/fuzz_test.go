package analyze

import (
	"encoding/json"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// FuzzCase folds whatever messages in whatever order and roles: no panic, and
// the same report twice.
func FuzzCase(f *testing.F) {
	word := []byte{1, 2, 3, 4}
	for _, raw := range [][]byte{
		kdcReq(0x6a, 10, "alice", "krbtgt/"+realm, 0x40810010, 1, windowsList, padata(krb5.PAEncTimestamp, enc(18, -1, "x"))),
		kdcReq(0x6c, 12, "", smtpSPN, krb5.KDCForwarded, 2, rc4List, padata(krb5.PATGSReq, apReq(tgt1, 23, 1))),
		kdcRep(0x6b, 11, "MAILBOX-1$", tgt1, 23, 1),
		kdcRep(0x6d, 13, "alice", smtp5, 18, 1),
		apReq(smtp5, 18, 1), apRep(18, 1),
		wireError(25, smtpSPN, 1_700_000_000e9, 0, []int32{18, 23}, "NEEDED_PREAUTH", 0),
		wireError(37, smtpSPN, 1_700_000_000e9, 1_600_000_000e9, nil, "", 0xc0000133),
	} {
		f.Add(raw, wireError(41, smtpSPN, 1, 0, nil, "", 0), word)
		f.Add(raw, kdcRep(0x6d, 13, "alice", smtp5, 18, 1), word)
		f.Add(raw, apRep(23, 2), word)
	}
	f.Fuzz(func(t *testing.T, first, second, shape []byte) {
		at := func(i int) byte {
			if len(shape) == 0 {
				return 0
			}
			return shape[i%len(shape)]
		}
		play := func() []byte {
			var parts []*Case
			for p := range 2 {
				c := NewCase(int(at(9))%4 + 1)
				parts = append(parts, c)
				for i := range 6 {
					client := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, at(i) % 4}), uint16(at(i+1)))
					server := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 1, at(i+2) % 4}), []uint16{88, 25, 445, 464}[at(i+3)%4])
					x := &decode.Exchange{Kind: decode.Kind(at(i+4)%4 + 1), Client: client, Server: server, Transport: decode.TCP, Carrier: []string{"smtp"},
						Ending: decode.Ending(at(i+5)%6 + 1), BothWays: at(i)&1 == 0, Started: int64(at(i+6)) * 1e9, Ended: int64(at(i+7)) * 1e9}
					for n, raw := range [][]byte{first, second} {
						m, k := krb5.Parse(raw)
						if k == 0 {
							continue
						}
						msg := &decode.Message{Frame: decode.MakeFrameID(p, uint64(i*2+n+1)), Time: x.Started + int64(n)*1e6, Src: client, Dst: server, Krb: &m}
						c.Message(msg)
						x.Steps = append(x.Steps, decode.Step{Frame: msg.Frame, Time: msg.Time, What: m.Type.String(), Msg: msg})
						switch {
						case n == 0:
							x.Request = msg
						case at(i+8)&1 == 0:
							x.Reply = msg
						default:
							x.Hint = msg
						}
					}
					a := &decode.Attempt{Mech: "kerberos", Result: &decode.Result{Outcome: decode.Outcome(at(i) % 4), Code: int64(at(i)), Frame: decode.MakeFrameID(p, 1), Text: string(shape)}}
					if x.Kind == decode.AP {
						x.Attempt = a
					}
					if x.Request != nil || x.Reply != nil {
						c.Exchange(x)
					}
					c.Session(&decode.Session{Client: client, Server: server, SidesKnown: true, Carrier: "smtp", Attempts: []*decode.Attempt{a}, TLS: decode.FrameID(at(i) % 2), First: x.Started, Last: x.Ended,
						Names: []decode.NameClaim{{Addr: server.Addr(), Name: string(shape), Source: "ehlo"}}})
					c.Sighting(&decode.Sighting{Kind: decode.SightingKind(at(i)%7 + 1), Frame: 1, Time: x.Started, Src: client, Dst: server, Name: string(shape), Addrs: []netip.Addr{server.Addr()}, Count: int(at(i))})
				}
			}
			o := JoinOptions{Captures: []CaptureFacts{{Name: "a"}, {Name: "b"}}, Part: []int{0, 1}}
			out, err := json.Marshal(Join(parts, o).Report(Options{}))
			require.NoError(t, err)
			return out
		}
		require.Equal(t, string(play()), string(play()))
	})
}
