package capture

import "sync"

// A Pool is a small set of Batches that go round between a reader and a
// decoder. It bounds the memory between them: Get waits while all are held.
type Pool struct {
	free chan *Batch
}

// NewPool returns a pool of n batches, which get their buffers when first used.
func NewPool(n int) *Pool {
	p := &Pool{free: make(chan *Batch, n)}
	for range n {
		p.free <- &Batch{release: p.put}
	}
	return p
}

// Get returns a free batch, waiting for one to be released. Its holder must
// Release it once.
func (p *Pool) Get() *Batch { return <-p.free }

func (p *Pool) put(b *Batch) { p.free <- b }

// ReadAhead reads src in a goroutine of its own, at most n batches ahead of
// the caller, so that reading, decompression and decoding overlap. The records,
// their order and the Info after each Next are those of src read directly.
// prepare, if not nil, is called in that goroutine with a batch that was read,
// while it is in the processor's cache, unless the caller would wait for it:
// what hangs on nothing but the packets can be found out there, and left in
// Batch.Aside, or by the caller, who else has nothing to do. Close the
// returned Source, not src.
func ReadAhead(src Source, n int, prepare func(*Batch)) Source {
	a := &ahead{
		src: src, info: src.Info(), prepare: prepare, ready: make(chan readBatch, n), spare: make(chan Batch, n+2),
		stop: make(chan struct{}), gone: make(chan struct{}),
	}
	for range cap(a.spare) {
		a.spare <- Batch{}
	}
	go a.run()
	return a
}

type readBatch struct {
	b    Batch
	info Info
	err  error
}

type ahead struct {
	src     Source
	prepare func(*Batch)
	info    Info
	err     error
	ready   chan readBatch
	spare   chan Batch // buffers to read into; of each Next the caller's go here
	once    sync.Once
	stop    chan struct{} // closed by Close
	gone    chan struct{} // closed when nothing more is read
}

func (a *ahead) run() {
	defer close(a.gone)
	for {
		var b Batch
		select {
		case b = <-a.spare:
		case <-a.stop:
			return
		}
		err := a.src.Next(&b)
		if err == nil && a.prepare != nil && len(a.ready) > 0 {
			a.prepare(&b)
		}
		select {
		case a.ready <- readBatch{b, a.src.Info(), err}:
		case <-a.stop:
			return
		}
		if err != nil {
			return
		}
	}
}

func (a *ahead) Next(b *Batch) error {
	b.Records, b.Notes = b.Records[:0], b.Notes[:0]
	if a.err != nil {
		return a.err
	}
	r := <-a.ready
	a.info = r.info
	if r.err != nil {
		a.err = r.err
		return r.err
	}
	// There is room: as many go in as came out.
	a.spare <- Batch{Data: b.Data[:0], Records: b.Records[:0], Notes: b.Notes[:0], Aside: b.Aside}
	b.Data, b.Records, b.Notes, b.Aside = r.b.Data, r.b.Records, r.b.Notes, r.b.Aside
	return nil
}

func (a *ahead) Info() Info { return a.info }

// Close does not wait for a read that is under way (of a pipe that nobody
// writes to): src is then closed when that returns, and its error is lost.
func (a *ahead) Close() (err error) {
	a.once.Do(func() {
		close(a.stop)
		select {
		case <-a.gone:
			err = a.src.Close()
		default:
			go func() {
				<-a.gone
				a.src.Close()
			}()
		}
	})
	return err
}
