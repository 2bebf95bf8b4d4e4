package analyze

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"sync"

	"kerbscope/capture"
	"kerbscope/decode"
)

// Options steer an investigation.
type Options struct {
	Keys *decode.Keys // keys to open tickets with; nil: none
	// Roles overrides who is who: role to addresses, or names that the
	// captures tie to one.
	Roles map[string][]string
	// Rules are the rules to run, in explanation order; nil: all.
	Rules []*Rule
	// MaxExchanges is the number of exchanges listed one by one; 0: 10,000.
	MaxExchanges int
	// MaxFlows is the number of TCP connections followed at a time; 0: 32,768.
	MaxFlows int
	// Share scales the limits of what is kept of all inputs together; 0: each
	// capture has the usual ones.
	Share float64
	// Stdin is read for the input "-"; nil: os.Stdin.
	Stdin io.Reader
	// Progress, when set, is told bytes and frames read so far, from several
	// goroutines.
	Progress func(name string, bytes, frames uint64)
}

// Batches of each capture: the Decoder holds two while it reads a third; so many
// more are read ahead that reading and decoding seldom wait for each other.
const (
	heldBatches = 3
	readAhead   = 4
)

// A run is one capture, or one ring set of captures, on its way through decode.
type run struct {
	inputs []int // indexes
	part   *Case
	dec    *decode.Decoder
	relay  *relay // between dec and part

	localAhead int64 // ns by which the capture's local times are ahead of UTC
	zoneTold   bool  // localAhead is what hosts' times say
}

// A readInput is what became of one input.
type readInput struct {
	info capture.Info
	err  error // it could not be opened, or reading broke off
}

// Investigate reads all inputs, each once, and reports on them as one case. What
// cannot be read, or only in part, stands in the report and in the errors, one
// for each such input; the rest is still investigated. When ctx ends, reading
// stops and what was read is reported.
func Investigate(ctx context.Context, inputs []capture.Input, o Options) (*Report, []error) {
	c, errs := Read(ctx, inputs, o)
	return c.Report(o), errs
}

// Read reads all inputs and joins them: Investigate without the report.
func Read(ctx context.Context, inputs []capture.Input, o Options) (*Case, []error) {
	runs := runsOf(inputs, o)
	atOnce := max(1, runtime.GOMAXPROCS(0))
	if o.Share > 0 && len(runs) > 0 {
		for _, r := range runs {
			r.part.scale(o.Share / float64(len(runs)))
		}
		o.Share /= float64(min(len(runs), atOnce))
	}
	read := make([]readInput, len(inputs))
	slots := make(chan struct{}, atOnce)
	var wg sync.WaitGroup
	for _, r := range runs {
		slots <- struct{}{}
		wg.Add(1)
		go func() {
			defer wg.Done()
			defer func() { <-slots }()
			r.read(ctx, inputs, read, o)
		}()
	}
	wg.Wait()
	return joinRuns(runs, inputs, read, o), problems(inputs, read)
}

// runsOf puts the inputs of a ring set together; all others stand alone.
func runsOf(inputs []capture.Input, o Options) []*run {
	var runs []*run
	sets := map[int]*run{}
	for i := range inputs {
		if set := inputs[i].Set; set != 0 && sets[set] != nil {
			sets[set].inputs = append(sets[set].inputs, i)
			continue
		}
		r := &run{inputs: []int{i}, part: NewCase(o.MaxExchanges)}
		if inputs[i].Set != 0 {
			sets[inputs[i].Set] = r
		}
		runs = append(runs, r)
	}
	return runs
}

// begin makes what decodes into r.part, and end sees it to its end.
func (r *run) begin(o Options) {
	r.relay = newRelay(r.part)
	r.dec = decode.New(decode.Options{Keys: o.Keys, Flows: o.MaxFlows, Share: o.Share}, r.relay)
}

func (r *run) end() {
	r.dec.Close()
	r.relay.close()
}

func (r *run) read(ctx context.Context, inputs []capture.Input, read []readInput, o Options) {
	pool := capture.NewPool(heldBatches)
	r.begin(o)
	for _, i := range r.inputs {
		read[i] = r.readOne(ctx, &inputs[i], i, pool, o)
	}
	r.end()
	if len(r.inputs) == 1 && read[r.inputs[0]].info.LocalTime {
		r.toUTC(ctx, inputs, read, pool, o)
	}
}

func (r *run) readOne(ctx context.Context, in *capture.Input, index int, pool *capture.Pool, o Options) (out readInput) {
	if in.Err != nil {
		return readInput{err: in.Err}
	}
	src, err := openInput(in, o, r.localAhead)
	if err != nil {
		return readInput{err: err}
	}
	src = capture.ReadAhead(src, readAhead, decode.Prepare)
	defer func() {
		out.info = src.Info()
		if err := src.Close(); err != nil && out.err == nil {
			out.err = err
		}
	}()
	for {
		if err := ctx.Err(); err != nil {
			return readInput{err: err}
		}
		b := pool.Get()
		if err := src.Next(b); err != nil {
			b.Release()
			if !errors.Is(err, io.EOF) {
				out.err = err
			}
			return out
		}
		r.dec.Batch(index, b)
		r.relay.flush(relayList)
		if o.Progress != nil {
			info := src.Info()
			o.Progress(in.Label, info.Bytes, info.Frames)
		}
	}
}

func openInput(in *capture.Input, o Options, localAhead int64) (capture.Source, error) {
	if in.Path != capture.StandardInput {
		return capture.Open(in.Path, capture.LocalAhead(localAhead))
	}
	stdin := o.Stdin
	if stdin == nil {
		stdin = os.Stdin
	}
	return capture.OpenReader("stdin", stdin)
}

// joinRuns joins the partial Cases in the order of the inputs.
func joinRuns(runs []*run, inputs []capture.Input, read []readInput, o Options) *Case {
	jo := JoinOptions{Roles: o.Roles, Captures: make([]CaptureFacts, len(inputs)), Part: make([]int, len(inputs))}
	var parts []*Case
	for p, r := range runs {
		parts = append(parts, r.part)
		for _, i := range r.inputs {
			info := read[i].info
			jo.Part[i] = p
			jo.Captures[i] = CaptureFacts{
				Name: inputs[i].Label, Info: info, First: info.First, Last: info.Last,
				Stats: r.dec.Stats(i), Truncated: info.Truncated,
				Complete:   read[i].err == nil && info.Faulted == 0,
				Problem:    problemOf(read[i]),
				LocalAhead: r.localAhead, ZoneTold: r.zoneTold,
			}
			if info.Frames == 0 {
				jo.Captures[i].First, jo.Captures[i].Last = noTime, noTime
			}
		}
	}
	return Join(parts, jo)
}

// problemOf says why an input was not read, or not to its end; without its
// path, which depends on where it was read from.
func problemOf(r readInput) string {
	if r.err != nil {
		return withoutPath(r.err).Error()
	}
	if n := len(r.info.Faults); n > 0 {
		s := r.info.Faults[0].String()
		if r.info.Faulted > 1 {
			s += fmt.Sprintf(", and %d more", r.info.Faulted-1)
		}
		return s
	}
	return ""
}

func withoutPath(err error) error {
	var path *fs.PathError
	var format *capture.FormatError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &format):
		return errors.New(format.What)
	case errors.Is(err, capture.ErrNoCapture):
		return capture.ErrNoCapture
	}
	return err
}

// problems are the errors of all inputs that were not read in full.
func problems(inputs []capture.Input, read []readInput) []error {
	var errs []error
	for i := range read {
		name := inputs[i].Path
		switch r := &read[i]; {
		case r.err != nil:
			errs = append(errs, named(name, r.err))
		case r.info.Faulted > 0:
			errs = append(errs, fmt.Errorf("%s: read only in part: %s", name, problemOf(*r)))
		}
	}
	return errs
}

// named puts the input's name before an error that does not hold it already.
func named(name string, err error) error {
	var path *fs.PathError
	var format *capture.FormatError
	if errors.As(err, &path) || errors.As(err, &format) || errors.Is(err, capture.ErrNoCapture) {
		return err
	}
	return fmt.Errorf("%s: %w", name, err)
}

// rulesOf are the rules of o, or all.
func rulesOf(o Options) []*Rule {
	if o.Rules != nil {
		return o.Rules
	}
	return slices.Clone(rules)
}
