package analyze

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// brokenCase is a busy and thoroughly broken case, of n clients.
func brokenCase(tb testing.TB, n int) *Case {
	s := &synth{c: NewCase(0), port: 1024, now: 1e18, tb: tb}
	for i := range n {
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
	return s.joined()
}

// TestRulesBesideOneAnother: rules read the same Case at the same time, and what
// they share is found out once, whoever asks first.
func TestRulesBesideOneAnother(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var first string
	for _, procs := range []int{1, 2, 8} {
		runtime.GOMAXPROCS(procs)
		c := brokenCase(t, 60)
		var wg sync.WaitGroup
		reports := make([]string, 3)
		for i := range reports {
			wg.Go(func() {
				b, err := json.Marshal(c.Report(Options{}))
				if err == nil {
					reports[i] = string(b)
				}
			})
		}
		wg.Wait()
		for _, r := range reports {
			if first == "" {
				require.Greater(t, len(r), 1000)
				first = r
			}
			require.True(t, first == r, "with GOMAXPROCS %d", procs)
		}
	}
}

// TestRulesInAnyOrder: whichever rule fills what others read too, each finds the
// same.
func TestRulesInAnyOrder(t *testing.T) {
	forward, backward := brokenCase(t, 40), brokenCase(t, 40)
	list := Rules()
	found := map[string][]Finding{}
	for _, r := range list {
		found[r.ID] = forward.check(r)
	}
	for i := len(list) - 1; i >= 0; i-- {
		require.Equal(t, found[list[i].ID], backward.check(list[i]), list[i].ID)
	}
}
