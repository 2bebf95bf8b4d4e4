package analyze

import (
	"cmp"
	"math"
	"net/netip"
	"slices"

	"kerbscope/decode"
)

// A twin is something that several captures may hold: a message, or the first
// packet of a connection.
type twin struct {
	time  int64
	times int // seen in this capture; only what was seen once tells the clock
}

// A twinTable keeps the times of a sample of them. What is in the sample
// depends on the hash alone, so that two captures keep the same ones.
type twinTable struct {
	at   map[uint64]twin
	mask uint64
	off  bool // no other capture will be related to this one
}

func (t *twinTable) see(key uint64, at int64) {
	if t.off || key&t.mask != 0 {
		return
	}
	w, ok := t.at[key]
	if !ok {
		w.time = at
	}
	w.times++
	t.at[key] = w
	for len(t.at) > maxTwins {
		t.mask = t.mask<<1 | 1
		for k := range t.at {
			if k&t.mask != 0 {
				delete(t.at, k)
			}
		}
	}
}

// A clock turns the times of one capture into the reference's.
type clock struct {
	offset      float64 // ns at time base: this clock minus the reference
	drift       float64 // ns of offset for each ns
	base        int64
	uncertainty float64 // ns
	from        string
}

// ref is t by the reference's clock, which nil stands for.
func (k *clock) ref(t int64) int64 {
	if k == nil || k.offset == 0 && k.drift == 0 || t == 0 || t == noTime {
		return t
	}
	return t - k.at(t)
}

func (k *clock) at(t int64) int64 {
	return int64(math.Round(k.offset + k.drift*float64(t-k.base)))
}

// report is the clock as the report tells it, at its base time.
func (k *clock) report() ClockOffset {
	return ClockOffset{Seconds: round(k.offset/1e9, 6), DriftPPM: round(k.drift*1e6, 2), Uncertainty: round(k.uncertainty/1e9, 6), From: k.from}
}

func round(v float64, places int) float64 {
	p := math.Pow10(places)
	if v = math.Round(v*p) / p; v == 0 {
		return 0 // no minus zero
	}
	return v
}

// Reference is a time of the capture of that index by the reference's clock.
func (c *Case) Reference(capture int, t int64) int64 {
	return c.clockOf(capture).ref(t)
}

// ClockOf is how the clock of the capture of that index stands to the reference's.
func (c *Case) ClockOf(capture int) ClockOffset { return c.clockOf(capture).report() }

func (c *Case) clockOf(capture int) *clock {
	if c.joined == nil {
		return &clock{from: "none"}
	}
	return c.joined.clockOf(capture)
}

func (j *joined) clockOf(capture int) *clock {
	if capture >= len(j.opts.Part) {
		return &clock{from: "none"}
	}
	return &j.clocks[j.opts.Part[capture]]
}

// clusterOf tells which captures' times can be compared with those of a
// frame's: 0 are the reference and what is related to it; any other capture
// stands alone.
func (c *Case) clusterOf(f decode.FrameID) int { return c.clusterOfCapture(f.Capture()) }

func (c *Case) clusterOfCapture(capture int) int {
	if c.joined == nil || capture >= len(c.joined.opts.Part) {
		return 0
	}
	if p := c.joined.opts.Part[capture]; p != 0 && c.joined.clocks[p].from == "none" {
		return p
	}
	return 0
}

// Fitting two clocks.
const (
	maxFitPoints  = 129
	minDriftSpan  = 60e9 // ns; over less, drift cannot be told from delay
	minDriftCount = 8
)

// fit relates b's clock to a's by what both captures hold; ok is false when
// they share nothing. The offset is b minus a.
func fit(a, b *twinTable) (k clock, points int, ok bool) {
	type point struct{ t, d int64 }
	var list []point
	for key, w := range b.at {
		if v, ok := a.at[key]; ok && v.times == 1 && w.times == 1 {
			list = append(list, point{w.time, w.time - v.time})
		}
	}
	if len(list) == 0 {
		return k, 0, false
	}
	slices.SortFunc(list, func(x, y point) int { return cmp.Or(cmp.Compare(x.t, y.t), cmp.Compare(x.d, y.d)) })
	points = len(list)
	if len(list) > maxFitPoints {
		thin := make([]point, maxFitPoints)
		for i := range thin {
			thin[i] = list[i*(len(list)-1)/(maxFitPoints-1)]
		}
		list = thin
	}
	k.base = list[0].t
	if span := float64(list[len(list)-1].t - k.base); span >= minDriftSpan && len(list) >= minDriftCount {
		// Theil-Sen: outliers (a repeated packet that one side missed) do not move it.
		var slopes []float64
		for i := range list {
			for j := i + 1; j < len(list); j++ {
				if dt := float64(list[j].t - list[i].t); dt >= span/4 {
					slopes = append(slopes, float64(list[j].d-list[i].d)/dt)
				}
			}
		}
		k.drift = median(slopes)
	}
	level := func(drift float64) (mid, spread float64) {
		rest := make([]float64, len(list))
		for i, p := range list {
			rest[i] = float64(p.d) - drift*float64(p.t-k.base)
		}
		mid = median(rest)
		for i := range rest {
			rest[i] = math.Abs(rest[i] - mid)
		}
		slices.Sort(rest)
		return mid, rest[(len(rest)-1)*9/10]
	}
	k.offset, k.uncertainty = level(k.drift)
	if k.drift != 0 {
		// A drift that explains less than the delays vary is none.
		span := float64(list[len(list)-1].t - k.base)
		if math.Abs(k.drift)*span < 2*k.uncertainty || math.Abs(k.drift) < 1e-8 {
			k.drift = 0
			k.offset, k.uncertainty = level(0)
		}
	}
	k.uncertainty = max(k.uncertainty, 1000)
	k.from = "packets"
	return k, points, true
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	n := len(v)
	if n%2 == 1 {
		return v[n/2]
	}
	return (v[n/2-1] + v[n/2]) / 2
}

// relate finds each part's clock against the first's: through shared packets,
// over other captures where need be, nearest relation with the most points
// first; else through the time stamps that one host sent into both (stime);
// else not at all. Captures that share packets with each other, but with none
// that leads to the first, keep what is known between them: their offsets are
// to the first of them, and from is "none".
func relate(parts []*frozen) []clock {
	if n := len(parts) - 1; n > 0 && parts[n].goesOn {
		clocks := relate(parts[:n])
		return append(clocks, clocks[n-1])
	}
	clocks := make([]clock, len(parts))
	known := make([]bool, len(parts))
	if len(parts) == 0 {
		return clocks
	}
	known[0] = true
	clocks[0].from = "none"
	type edge struct {
		k      clock
		points int
	}
	edges := map[[2]int]edge{}
	for i := range parts {
		for j := range parts {
			if i == j {
				continue
			}
			if k, n, ok := fit(parts[i].twins, parts[j].twins); ok {
				edges[[2]int{i, j}] = edge{k, n}
			}
		}
	}
	// spread carries the relation from what is known over shared packets.
	spread := func() (reached []int) {
		for {
			best := [2]int{-1, -1}
			for i := range parts {
				for j := range parts {
					e, ok := edges[[2]int{i, j}]
					if ok && known[i] && !known[j] && (best[0] < 0 || e.points > edges[best].points) {
						best = [2]int{i, j}
					}
				}
			}
			if best[0] < 0 {
				return reached
			}
			clocks[best[1]] = through(clocks[best[0]], edges[best].k)
			known[best[1]] = true
			reached = append(reached, best[1])
		}
	}
	if len(spread()) > 0 {
		clocks[0].from = "packets"
	}
	var stimes []map[netip.Addr]reading
	for j := range parts {
		if known[j] {
			continue
		}
		if stimes == nil {
			for _, p := range parts {
				stimes = append(stimes, p.stimes())
			}
		}
		from := "none"
		for i := range parts {
			if k, ok := byStime(stimes[i], stimes[j]); ok && known[i] && clocks[i].from != "kerberos" && (i == 0 || clocks[i].from != "none") {
				clocks[j] = through(clocks[i], k)
				from = "kerberos"
				break
			}
		}
		clocks[j].from = from
		known[j] = true
		for _, x := range spread() {
			clocks[x].from = from
		}
	}
	return clocks
}

// through composes: a relates i to the reference, b relates j to i.
func through(a, b clock) clock {
	atBase := b.base - int64(b.offset) // b.base by i's clock
	return clock{
		offset:      b.offset + float64(a.at(atBase)),
		drift:       b.drift + a.drift*(1-b.drift),
		base:        b.base,
		uncertainty: a.uncertainty + b.uncertainty,
		from:        b.from,
	}
}

// A reading is what a host's stimes told within one capture: host clock minus
// capture clock.
type reading struct {
	values   []int64
	coarse   bool // none carried microseconds
	min, max int64
}

func (g *reading) mid() int64 {
	v := slices.Clone(g.values)
	slices.Sort(v)
	return v[len(v)/2]
}

// stimes are the readings of one part, from its kept records.
func (z *frozen) stimes() map[netip.Addr]reading {
	m := map[netip.Addr]reading{}
	unpack := packer{slabs: &slabs{}, dict: z.dict}
	for i := range z.records {
		r := &take(&unpack.slabs.records, 1)[0]
		z.records[i].into(r, &unpack)
		for _, f := range []*Failure{r.Hint, r.Error} {
			if f == nil || f.STime == nil || f.Time == 0 {
				continue
			}
			g := m[r.To.Addr()]
			d := *f.STime - f.Time
			if len(g.values) == 0 {
				g.min, g.max, g.coarse = d, d, true
			}
			g.coarse = g.coarse && *f.STime%1e9 == 0
			g.min, g.max = min(g.min, d), max(g.max, d)
			g.values = append(g.values, d)
			m[r.To.Addr()] = g
		}
	}
	return m
}

// byStime relates b's clock to a's through a host that told both its time.
func byStime(a, b map[netip.Addr]reading) (k clock, ok bool) {
	var addrs []netip.Addr
	for addr := range a {
		if _, both := b[addr]; both {
			addrs = append(addrs, addr)
		}
	}
	slices.SortFunc(addrs, netip.Addr.Compare)
	var offsets []float64
	for _, addr := range addrs {
		// A host may take its stime long before it answers, and many give whole
		// seconds: less than a second is never known.
		x, y := a[addr], b[addr]
		u := float64(x.max-x.min)/2 + float64(y.max-y.min)/2 + 1e9
		if x.coarse || y.coarse {
			u += 1e9
		}
		if !ok || u < k.uncertainty {
			k.uncertainty = u
		}
		ok = true
		offsets = append(offsets, float64(x.mid()-y.mid()))
	}
	k.offset = median(offsets)
	return k, ok
}
