package analyze

import (
	"fmt"
	"net/netip"
	"testing"
)

// BenchmarkFindings runs all rules over a busy and thoroughly broken case: no
// check may be quadratic in what was captured.
func BenchmarkFindings(b *testing.B) {
	s := &synth{c: NewCase(0), port: 1024, now: 1e18, tb: b}
	for i := range 1000 {
		from := netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)})
		t := tkt{fmt.Sprintf("smtp/h%d.contoso.com", i%50), 18, 5 + i%3, fmt.Sprint("c", i)}
		client := fmt.Sprint("user", i)
		s.as(kdcX{from: from, client: client, list: windowsList, silent: true, resent: 1, udp: true})
		s.as(kdcX{from: from, client: client, list: windowsList, code: 6})
		s.tgs(kdcX{from: from, client: client, list: windowsList, ticket: t})
		s.ap(apX{from: from, to: fmt.Sprintf("10.2.0.%d:25", i%50), ticket: t, word: "no"})
		s.ap(apX{from: from, to: fmt.Sprintf("10.2.0.%d:26", i%50), ticket: t, code: 31})
		s.ap(apX{from: from, to: fmt.Sprintf("10.2.0.%d:27", i%50), ticket: t})
	}
	c := s.joined()
	for b.Loop() {
		if len(c.Findings(Rules())) == 0 {
			b.Fatal("nothing found")
		}
	}
}
