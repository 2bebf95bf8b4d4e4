package main

import (
	"slices"
	"strings"
	"time"

	"kerbscope/analyze"
	"kerbscope/capture"
)

// A checkResult is a look at the findings.
type checkResult struct {
	findings []analyze.Finding
	edge     int64
	report   *analyze.Report // what they rest on, when there is something new
	paused   time.Duration   // for which nothing else was done
	took     time.Duration   // in all
}

// A lookTimer knows when to look at the findings.
type lookTimer struct {
	version, trouble uint64    // of the case, at the last look
	newsAt           time.Time // when something came last
	began            time.Time // of the last look
	wait             time.Duration
	urgent           time.Duration // wait when there is new trouble
	spent            time.Duration // on looks, beyond their share of the time
}

// due tells whether to look now.
func (t *lookTimer) due(now time.Time, version, trouble uint64) bool {
	if version != t.version {
		t.newsAt = now
	}
	if t.newsAt.IsZero() || now.Sub(t.newsAt) > settling {
		return false
	}
	wait := t.wait
	if trouble != t.trouble {
		wait = t.urgent
	}
	return now.Sub(t.began) >= wait
}

// begin notes a look.
func (t *lookTimer) begin(now time.Time, version, trouble uint64) {
	if !t.began.IsZero() {
		t.spent = max(t.spent-now.Sub(t.began)/steadyShare, 0)
	}
	t.began, t.version, t.trouble = now, version, trouble
}

// ended says what a look cost: for how long nothing else was done, and in all.
// New trouble is told within tellWithin, unless looks took more than a quarter
// of the time of packets or most of a processor, or new trouble has not ended
// for long; what is not new waits longer.
func (t *lookTimer) ended(paused, took time.Duration) {
	t.urgent = max(min(checkEvery, tellWithin-tellWithin/10-took), paused*pauseShare, took*5/4)
	if t.spent += took; t.spent > unsparing {
		t.urgent = max(t.urgent, took*steadyShare)
	}
	t.wait = max(t.urgent, min(max(checkEvery, took*checkShare/2, paused*checkShare), lookLeast))
}

// look begins a look at the findings, when there may be something new.
func (c *capturer) look() {
	now := time.Now()
	version, trouble := c.live.Version(), c.live.Trouble()
	if c.checking || !c.looks.due(now, version, trouble) {
		return
	}
	c.looks.begin(now, version, trouble)
	c.checking = true
	join := c.live.Freeze(c.facts())
	if ports := c.live.Ports(); len(ports) > c.widened {
		c.src.widen(ports[c.widened:])
		c.widened = len(ports)
	}
	rules, edge := rulesFor(c.o.Rules), c.live.Edge()
	paused := time.Since(now)
	known := c.watch.bodies()
	go func() {
		joined := join()
		r := checkResult{edge: edge, paused: paused}
		r.findings = joined.Findings(rules)
		if news := freshOf(r.findings, known); len(news) > 0 {
			r.report = joined.Evidence(r.findings, news)
		}
		r.took = time.Since(now)
		c.checked <- r
	}()
}

func rulesFor(chosen []*analyze.Rule) []*analyze.Rule {
	if chosen == nil {
		return analyze.Rules()
	}
	return chosen
}

// judge compares what a look found with what was known.
func (c *capturer) judge(r checkResult, last bool) {
	c.checking = false
	c.looks.ended(r.paused, r.took)
	fresh := c.watch.update(r.findings, r.edge, time.Now(), last)
	clear(c.list) // of a longer list nothing stays
	c.list = c.list[:0]
	for i := range r.findings {
		c.list = append(c.list, &r.findings[i])
	}
	if c.evidence != nil && r.report != nil && len(fresh) > 0 {
		for _, of := range evidenceFrom(r.report, fresh) {
			c.evidence.keep(of, c.src.name)
		}
	}
}

// tick tells the case what time it is, when no packet came for a while: by the
// capture's clock, of which the last packet is the latest reading.
func (c *capturer) tick() {
	last := c.info.Last
	if c.stamped() {
		c.checkClock(time.Now())
		last = c.newest
	}
	if quiet := time.Since(c.arrived) - c.src.lag; quiet > idleTick && last > 0 && len(c.src.ready) == 0 {
		c.live.Tick(last + int64(quiet))
	}
	c.account()
	if st := c.src.stats(); c.src.live != nil {
		if down := strings.Join(st.Down, ", "); down != c.down {
			if down != "" {
				c.tell(notice{what: down + " is down or gone; capturing goes on when it comes back"})
			}
			c.down = down
		}
	}
}

// account enters what the source lost. Of an interface that is by the wall
// clock, which stamps its packets too: those in hand may be seconds old.
func (c *capturer) account() {
	if !c.stamped() {
		return // a file tells of its losses with their times
	}
	c.info.Lost = c.src.src.Info().Lost
	if fresh := c.ledger.look(c.info.Lost, time.Now().UnixNano()); len(fresh) > 0 {
		c.keep.lost(fresh)
	}
}

// facts are what the report says of the capture itself.
func (c *capturer) facts() analyze.Facts {
	info := c.info
	info.Lost = append([]capture.Count(nil), info.Lost...)
	for name, n := range map[string]uint64{"not_written": c.keep.leftOut(), "evidence_overrun": c.overrun()} {
		if n > 0 {
			info.Lost = append(info.Lost, capture.Count{Name: name, N: n})
		}
	}
	return analyze.Facts{Info: info, Losses: slices.Clone(c.ledger.losses), Problem: c.problem}
}

func (c *capturer) overrun() uint64 {
	if c.evidence == nil {
		return 0
	}
	return c.evidence.missed
}

// status is what the capture counts.
func (c *capturer) status() *captureStatus {
	s := &captureStatus{Counts: c.live.Counts(), Running: time.Since(c.began), Bytes: c.info.Bytes, Findings: slices.Clone(c.list), Newest: max(c.newest, 0)}
	if !c.ended { // one that we closed is down as well
		s.Down = c.src.stats().Down
	}
	s.Lost = lostOf(c.facts().Info, &s.Counts)
	s.PacketRate, s.MessageRate, s.ExchangeRate = c.rates.packets, c.rates.messages, c.rates.exchanges
	return s
}

// A rateMeter knows how much came in the last second or so.
type rateMeter struct {
	at                           time.Time
	last                         analyze.Counts
	packets, messages, exchanges float64
}

func (c *capturer) measure() {
	m, n := &c.rates, c.live.Counts()
	if d := time.Since(m.at).Seconds(); d > 0 {
		m.packets = float64(n.Frames-m.last.Frames) / d
		m.messages = float64(n.Messages-m.last.Messages) / d
		m.exchanges = float64(n.Exchanges-m.last.Exchanges) / d
	}
	m.at, m.last = time.Now(), n
}
