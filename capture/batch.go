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
// the caller, so that decompression and decoding overlap. The records, their
// order and the Info after each Next are those of src read directly. Close the
// returned Source, not src.
func ReadAhead(src Source, n int) Source {
	a := &ahead{src: src, info: src.Info(), ready: make(chan readBatch, n), spare: make(chan Batch, n+1), stop: make(chan struct{})}
	a.running.Add(1)
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
	info    Info
	err     error
	ready   chan readBatch
	spare   chan Batch // buffers that the caller has given back
	stop    chan struct{}
	once    sync.Once
	running sync.WaitGroup
}

func (a *ahead) run() {
	defer a.running.Done()
	for {
		var b Batch
		select {
		case b = <-a.spare:
		default:
		}
		err := a.src.Next(&b)
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
	b.Records = b.Records[:0]
	if a.err != nil {
		return a.err
	}
	r := <-a.ready
	a.info = r.info
	if r.err != nil {
		a.err = r.err
		return r.err
	}
	select {
	case a.spare <- Batch{Data: b.Data[:0], Records: b.Records[:0]}:
	default:
	}
	b.Data, b.Records = r.b.Data, r.b.Records
	return nil
}

func (a *ahead) Info() Info { return a.info }

func (a *ahead) Close() error {
	a.once.Do(func() { close(a.stop) })
	a.running.Wait()
	return a.src.Close()
}
