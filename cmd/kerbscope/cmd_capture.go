package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"kerbscope/analyze"
	"kerbscope/capture"
	"kerbscope/decode"
)

// endsNormally: a signal ends the command that runs, and no more than that.
var endsNormally atomic.Bool

const (
	// checkEvery is the least time between two looks at the findings, and
	// tellWithin how soon new trouble is told; see lookTimer for when that
	// costs too much.
	checkEvery = time.Second
	tellWithin = 2 * time.Second
	// What is not new waits for a share of the time, lookLeast at most.
	checkShare = 10
	pauseShare = 4
	lookLeast  = 30 * time.Second
	// Where new trouble never ends, looks take one part in steadyShare of a
	// processor, once they have taken unsparing beyond that.
	steadyShare = 6
	unsparing   = 4 * time.Second
	// settling is how long after the last news findings may still come: what is
	// not answered, is so after a while.
	settling = 75 * time.Second
	idleTick = 100 * time.Millisecond
	// wholeFrame is what a full Ethernet frame takes, with tags.
	wholeFrame = 1600
	// liveMemory is where the garbage collector begins to work harder: beside
	// the case there is the look at it.
	liveMemory    = 100 << 20
	liveGCPercent = 100
)

// A capturer is one run of the command.
type capturer struct {
	a    *app
	s    *captureSettings
	o    analyze.Options
	src  *packetSource
	live *analyze.Live
	out  *output

	watch    *findingWatch
	lines    *findingLines // of ndjson; nil otherwise
	view     *liveView
	keep     *keeper
	evidence *evidence
	logs     []findingLog
	metrics  *metricsServer // nil: none
	ledger   ledger

	info     capture.Info
	began    time.Time
	arrived  time.Time // when the last packet came
	newest   int64     // its time
	clock    clockWatch
	packets  uint64
	problem  string
	partial  []int // exit statuses
	notices  chan notice
	down     string
	gone     []string // interfaces that were down or gone when the end came
	checking bool
	checked  chan checkResult
	looks    lookTimer
	list     []*analyze.Finding
	rates    rateMeter
	widened  int  // ports that the filter was told of
	ended    bool // no further batch is taken
}

// A notice is something to tell people that came up beside.
type notice struct {
	status int // 0: a hint
	what   string
}

// capture captures live and diagnoses as packets come in.
func (a *app) capture(args []string) int {
	s, help, err := parseCapture(args)
	if help {
		return a.print(usageCapture)
	}
	if err != nil {
		return a.fail(err)
	}
	if s.list {
		return a.listInterfaces()
	}
	c := &capturer{a: a, s: s, checked: make(chan checkResult, 1), notices: make(chan notice, 64)}
	if err := c.open(); err != nil {
		return a.fail(err)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(liveMemory + c.evidence.room())
	}
	s.memory.limitMemory()
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(liveGCPercent)
	}
	a.endsNormally = true
	endsNormally.Store(true)
	defer endsNormally.Store(false)
	return c.run()
}

// open prepares everything, what may be refused first.
func (c *capturer) open() (err error) {
	s, a := c.s, c.a
	c.o = analyze.Options{MaxExchanges: s.maxExchanges, Share: s.memory.share(usualLive, s.evidenceRoom())}
	if c.o.Roles, err = roles(s.roles); err != nil {
		return err
	}
	if c.o.Rules, err = chosenRules(s.rules, s.noRules); err != nil {
		return err
	}
	if err := a.ask(&s.settings); err != nil {
		return err
	}
	if s.snapLen > 0 && s.snapLen < wholeFrame {
		a.hint(fmt.Sprintf("-s %d cuts packets: Kerberos messages and the words of protocols around them are longer; leave it out, or take %d or more", s.snapLen, wholeFrame))
	}
	inputs := append([]string{}, s.keytabs...)
	if s.follow {
		inputs = append(inputs, s.read)
		for _, path := range []string{s.keep} {
			if a, err := os.Stat(path); err == nil {
				if b, err := os.Stat(s.read); err == nil && os.SameFile(a, b) {
					return &failure{exitUsage, "-w " + path + " is the file that is read", "name another file"}
				}
			}
		}
	}
	keys, status := a.keys(&s.settings)
	c.o.Keys = keys
	c.partial = append(c.partial, status)
	if c.src, err = a.openSource(s); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			c.abandon()
		}
	}()
	if c.out, err = a.openOutput(s.output, inputs); err != nil {
		return err
	}
	var said sync.Map
	if c.evidence, err = newEvidence(s, func(err error) {
		what := plainError(err)
		if _, ok := errors.AsType[*fs.PathError](err); ok {
			what = "cannot write into " + s.evidence + ": " + what
		}
		if _, again := said.LoadOrStore(what, true); !again { // once for all files that it befalls
			c.note(exitWrite, what)
		}
	}); err != nil {
		return err
	}
	c.live = analyze.NewLive(analyze.LiveOptions{Options: c.o, Name: c.src.name, Window: s.window})
	c.watch = newFindingWatch()
	if s.format == "ndjson" {
		c.lines = &findingLines{w: c.out, flush: c.out.Flush}
		c.watch.sinks = append(c.watch.sinks, c.lines)
	}
	if c.logs, err = openLogs(s.logs, func(err error) { c.note(exitWrite, err.Error()) }); err != nil {
		return err
	}
	for _, l := range c.logs {
		c.watch.sinks = append(c.watch.sinks, l)
	}
	if s.metrics != "" {
		if c.metrics, err = serveMetrics(s.metrics); err != nil {
			return err
		}
		c.watch.sinks = append(c.watch.sinks, c.metrics)
	}
	if s.keep != "" { // last: it empties a file that is there
		if c.keep, err = newKeeper(s.keep, s.ring, c.src.patient, func(err error) {
			c.note(exitWrite, "cannot write "+s.keep+": "+plainError(err)+"; packets are no longer kept, capturing goes on")
		}); err != nil {
			return err
		}
	}
	if ownProcess {
		if err := dropPrivileges(); err != nil {
			c.note(exitOK, "privileges are kept: "+plainError(err))
		}
	}
	if c.view = a.newLiveView(s, c.src.name); c.view != nil {
		c.watch.sinks = append(c.watch.sinks, c.view)
	}
	return nil
}

// abandon closes what was opened of a capture that cannot start.
func (c *capturer) abandon() {
	c.src.src.Close()
	if c.out != nil {
		c.out.abandon()
	}
	c.evidence.close()
	for _, l := range c.logs {
		l.close()
	}
	c.metrics.close()
}

func (c *capturer) note(status int, what string) {
	select {
	case c.notices <- notice{status, what}:
	default: // there is enough to read
	}
}

// run takes packets until the end.
func (c *capturer) run() int {
	defer c.view.restore()
	c.began, c.arrived = time.Now(), time.Now()
	c.rates.at = c.began
	go c.src.run()
	idle := time.NewTicker(idleTick)
	defer idle.Stop()
	lines := time.NewTicker(c.s.interval)
	defer lines.Stop()
	drawn := time.NewTicker(time.Second)
	defer drawn.Stop()
	var over <-chan time.Time
	if c.s.length > 0 {
		over = time.After(c.s.length)
	}
	asked, forget := reportSignal()
	defer forget()
	hungUp, forgetHangup := hangupSignal()
	defer forgetHangup()
	attended := isTerminal(c.a.stderr)
	stop := c.a.ctx.Done()
	if !c.s.quiet && c.view == nil {
		fmt.Fprintf(c.a.stderr, "kerbscope: capturing on %s\n", escape(c.src.name))
	}
	for !c.ended {
		end := false
		select {
		case p := <-c.src.ready:
			end = c.take(p)
		case <-idle.C:
			c.tick()
		case <-lines.C:
			if c.view == nil && !c.s.quiet {
				fmt.Fprintf(c.a.stderr, "kerbscope: %s\n", escape(statusLine(c.status())))
			}
		case <-drawn.C:
			c.measure()
			status := c.status()
			c.view.draw(status)
			c.metrics.publish(status)
		case r := <-c.checked:
			c.judge(r, false)
		case n := <-c.notices:
			c.tell(n)
		case <-asked:
			c.reportNow()
		case <-hungUp:
			end = attended // nobody is there any more
			for _, l := range c.logs {
				if f, ok := l.(*logFile); ok {
					f.close() // opened again with the next finding
				}
			}
		case key := <-c.view.pressed():
			switch key {
			case 'r', 'R':
				c.reportNow()
			case 'q', 'Q', 3, 4: // Ctrl-C and Ctrl-D, which a raw terminal gives as bytes
				end = true
			}
		case <-over:
			end = true
		case <-stop:
			end = true
		}
		if end {
			c.gone = c.src.stats().Down // a source that ends has no interface any more
			c.drain()
			break
		}
		c.look()
	}
	return c.finish()
}

// take gives a batch to everybody. It tells whether the capture is to end.
func (c *capturer) take(p captured) bool {
	c.info = p.info
	if p.err != nil {
		c.ended = true
		if !errors.Is(p.err, io.EOF) {
			c.problem = plainError(p.err)
			c.partial = append(c.partial, c.a.report(c.view, sourceFailure(p.err)))
		}
		return true
	}
	b := p.b
	enough := false
	if left := c.s.packets - min(c.packets, c.s.packets); c.s.packets > 0 && uint64(len(b.Records)) >= left {
		b.Records = b.Records[:left]
		decode.Prepare(b) // what was found out of the whole batch is too much
		enough = true
	}
	c.packets += uint64(len(b.Records))
	if n := len(b.Records); n > 0 {
		c.info.Frames = max(b.Records[n-1].Frame, c.packets)
	}
	c.arrived = time.Now()
	if c.stamped() {
		c.checkClock(c.arrived)
	}
	if n := len(b.Records); n > 0 {
		c.newest = b.Records[n-1].Time
	}
	c.keep.add(b, p.info.Interfaces)
	c.evidence.add(b, p.info.Interfaces)
	c.live.Batch(b)
	return enough
}

// drain takes what was captured before the end.
func (c *capturer) drain() {
	if c.ended {
		return
	}
	full := c.s.packets > 0 && c.packets >= c.s.packets
	if c.src.stop() {
		for !c.ended {
			p := <-c.src.ready
			if full && p.b != nil {
				p.b.Release()
				continue
			}
			c.take(p)
			full = full || c.s.packets > 0 && c.packets >= c.s.packets
		}
	}
	for !c.ended && !full {
		select {
		case p := <-c.src.ready:
			c.take(p)
			full = c.s.packets > 0 && c.packets >= c.s.packets
		default:
			c.ended = true
		}
	}
	c.ended = true
}
