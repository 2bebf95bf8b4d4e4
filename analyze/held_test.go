package analyze

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture"
	"kerbscope/decode"
	floods "kerbscope/pcaps/big/hostile"
)

// counted is what a Case's tables hold, counted anew.
func counted(c *Case) int {
	n, seen := 0, map[*kept]bool{}
	hold := func(k *kept) {
		if k != nil && !seen[k] {
			seen[k] = true
			n += k.size()
		}
	}
	for _, row := range c.rows.rows {
		n += sizeOfRow
		for _, k := range row.exemplars {
			hold(k)
		}
	}
	for _, k := range c.list {
		hold(k)
	}
	for _, life := range c.tickets.bySum {
		n += life.size() + sizeOfPresented*len(life.presented)
		hold(life.issued)
		for i := range life.presented {
			hold(life.presented[i].first)
			hold(life.presented[i].last)
		}
	}
	for _, s := range c.sessions.list {
		n += s.size()
		for i := range s.Attempts {
			hold(s.Attempts[i].kept)
		}
	}
	for _, k := range c.sessions.attempts {
		hold(k)
	}
	for _, f := range c.heal.queue.list[c.heal.queue.head:] {
		hold(f.kept)
	}
	return n
}

// What a Case counts is what it holds, within its bound, whether it keeps what
// came first or what came last.
func TestHeldBytes(t *testing.T) {
	for _, f := range []struct {
		name string
		n    int
	}{{"long-names", 3600}, {"showings", 12000}, {"smtp", 2000}, {"tickets", 3000}, {"attempts", 500}, {"mixed", 100}} {
		for _, rolls := range []bool{false, true} {
			var b bytes.Buffer
			require.NoError(t, floods.Find(f.name).Write(&b, f.n))
			src, err := capture.OpenReader(f.name, &b)
			require.NoError(t, err)
			c := NewCase(0)
			if rolls {
				c.roll(time.Hour)
			}
			d := decode.New(decode.Options{}, c)
			pool := capture.NewPool(3)
			for {
				batch := pool.Get()
				err := src.Next(batch)
				if err == io.EOF {
					batch.Release()
					break
				}
				require.NoError(t, err)
				d.Batch(0, batch)
				if rolls {
					c.sweep(d.Now())
				}
				// A record that comes when there is just room left is kept whole.
				require.Less(t, c.mem.bytes, maxHeld+1<<20, f.name)
			}
			d.Close()
			assert.Equal(t, counted(c), c.mem.bytes, "%s, rolls %v", f.name, rolls)
			if f.name == "long-names" {
				assert.NotZero(t, c.rows.lost+c.rows.gone)
				assert.Greater(t, len(c.rows.rows), 500)
			}
			if rolls {
				c.sweep(d.Now() + int64(100*time.Hour))
				for _, r := range c.sessions.attempts {
					c.mem.release(r)
				}
				clear(c.sessions.attempts)
				assert.Zero(t, c.mem.bytes, "%s: all is forgotten", f.name)
			}
		}
	}
}
