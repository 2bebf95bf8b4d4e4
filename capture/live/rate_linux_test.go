//go:build !libpcap

package live

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"kerbscope/capture"
	"kerbscope/capture/live/filter"
)

// TestRate measures at 300,000 packets a second of which 5 % pass: nothing may
// be lost, and reading must leave most of a core to others. KERBSCOPE_RATE is
// for how long (60s); KERBSCOPE_RATE_ALL captures everything.
func TestRate(t *testing.T) {
	length, err := time.ParseDuration(os.Getenv("KERBSCOPE_RATE"))
	if err != nil {
		t.Skip("a measurement, which wants the machine for itself: KERBSCOPE_RATE=60s")
	}
	flood := filepath.Join(t.TempDir(), "flood")
	out, err := exec.Command("go", "build", "-o", flood, "../../pcaps/big/flood").CombinedOutput()
	require.NoError(t, err, string(out))
	inNamespace(t)
	p := DefaultFilter(filter.Ports{
		TCP: []uint16{25, 80, 88, 110, 135, 139, 143, 389, 445, 464, 587, 749, 808, 1433, 2049, 2525, 3128, 3268, 3389, 4190, 5222, 5269, 5672, 5985, 8000, 8080, 9389, 47001, 53},
		TLS: []uint16{443, 465, 636, 993, 995, 3269, 5986, 8443, 9443}, UDP: []uint16{53, 88, 389, 464},
	})
	all := os.Getenv("KERBSCOPE_RATE_ALL") != ""
	if all {
		p = nil
	}
	h := open(t, Options{Interfaces: []string{"v1"}, Program: p})
	cmd := exec.Command(flood, "-i", "v0", "-t", length.String())
	var text strings.Builder
	cmd.Stdout, cmd.Stderr = &text, os.Stderr
	cpu := func() time.Duration {
		var u unix.Rusage
		require.NoError(t, unix.Getrusage(unix.RUSAGE_SELF, &u))
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	require.NoError(t, cmd.Start())
	before, began := cpu(), time.Now()
	go func() {
		cmd.Wait()
		h.Break()
	}()
	var b capture.Batch
	var got uint64
	var sum byte
	for h.Next(&b) == nil {
		got += uint64(len(b.Records))
		for i := range b.Records {
			sum += b.Packet(i).Data[30]
		}
	}
	used, took := cpu()-before, time.Since(began)
	status, _ := os.ReadFile("/proc/self/status")
	rss := ""
	for _, l := range strings.Split(string(status), "\n") {
		if strings.HasPrefix(l, "VmHWM") {
			rss = strings.Join(strings.Fields(l), " ")
		}
	}
	fmt.Printf("%s reader: got %d of %+v; CPU %.1f %% of one core in %.1f s; %s; %d\n", text.String(), got, h.Stats(), 100*used.Seconds()/took.Seconds(), took.Seconds(), rss, sum)
	var sent struct{ Sent, Passing uint64 }
	require.NoError(t, json.Unmarshal([]byte(text.String()), &sent))
	if all {
		assert.Equal(t, sent.Sent, got)
	} else {
		assert.Equal(t, sent.Passing, got)
	}
	assert.Zero(t, h.Stats().KernelDropped)
}
