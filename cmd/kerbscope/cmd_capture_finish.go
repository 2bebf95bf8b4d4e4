package main

import (
	"fmt"
	"runtime/debug"
	"strings"

	"kerbscope/analyze"
)

// finish ends everything and writes the report.
func (c *capturer) finish() int {
	c.account()
	if c.checking {
		c.judge(<-c.checked, false)
	}
	if down := c.gone; len(c.s.interfaces) > 0 && len(down) >= len(c.s.interfaces) && c.problem == "" {
		c.problem = strings.Join(down, ", ") + " was down or gone at the end"
		c.partial = append(c.partial, c.a.report(c.view, &failure{exitCapture, c.problem + ": what passed there meanwhile is not in the report", ""}))
	}
	if err := c.src.src.Close(); err != nil && c.problem == "" && c.src.live != nil {
		c.problem = plainError(err)
	}
	_ = c.keep.close()   // told when it happened
	debug.FreeOSMemory() // for the report
	facts := c.facts()
	joined := c.live.Close(facts)
	r := joined.Report(c.o)
	result := checkResult{findings: r.Findings, edge: c.live.Edge()}
	if c.evidence != nil {
		result.report = joined.Evidence(r.Findings, freshOf(r.Findings, c.watch.bodies()))
	}
	c.judge(result, true)
	c.watch.complete(r)
	c.evidence.close()
	for _, l := range c.logs {
		l.close()
	}
	c.metrics.close()
	c.view.clear()
	c.view.restore()
	for {
		select {
		case n := <-c.notices:
			c.tell(n)
			continue
		default:
		}
		break
	}
	if c.keep != nil && c.keep.err != nil || c.evidence != nil && c.evidence.err != nil {
		c.partial = append(c.partial, exitWrite)
	}
	if !c.s.quiet {
		fmt.Fprintf(c.a.stderr, "kerbscope: %s\n", escape(statusLine(c.status())))
	}
	if c.lines != nil && c.lines.err != nil {
		c.out.abandon()
		return combine(append(c.partial, c.a.written(c.lines.err))...)
	}
	if err := c.write(c.out, r); err != nil {
		c.out.abandon()
		return combine(append(c.partial, c.a.written(err))...)
	}
	return combine(append(c.partial, c.a.written(c.out.commit()), failOn(r, c.s.failOn))...)
}

// tell says something on standard error.
func (c *capturer) tell(n notice) {
	c.view.clear()
	c.view.restore()
	if n.status == exitOK {
		c.a.hint(n.what)
	} else {
		c.partial = append(c.partial, c.a.fail(&failure{n.status, n.what, ""}))
	}
	if !c.ended {
		c.view.again()
	}
}

// reportNow writes the report as of now, and goes on.
func (c *capturer) reportNow() {
	c.view.clear()
	c.view.restore()
	defer c.view.again()
	r := c.live.Snapshot(c.facts()).Report(c.o)
	c.watch.complete(r)
	if c.s.output == "" || c.s.output == "-" {
		if err := c.write(c.out, r); err == nil {
			c.wrote(c.out.Flush())
		} else {
			c.wrote(err)
		}
		return
	}
	out, err := c.a.openOutput(c.s.output, nil)
	if err != nil {
		c.partial = append(c.partial, c.a.fail(err))
		return
	}
	if err := c.write(out, r); err != nil {
		out.abandon()
		c.wrote(err)
		return
	}
	c.wrote(out.commit())
}

func (c *capturer) wrote(err error) {
	if status := c.a.written(err); status != exitOK {
		c.partial = append(c.partial, status)
	}
}

// write writes the report; of ndjson, the findings were written as they came.
func (c *capturer) write(out *output, r *analyze.Report) error {
	if c.lines != nil && out == c.out {
		return writeReportRest(out, r)
	}
	return writeReport(out, r, &c.s.settings)
}

// report says what failed, on a terminal that may be showing a view.
func (a *app) report(v *liveView, err error) int {
	v.clear()
	v.restore()
	return a.fail(err)
}
