package live

import (
	"io"
	"os"
	"sync/atomic"
	"time"
)

// A tail reads a file that grows: at its end it waits for more, until nothing
// more will come.
type tail struct {
	path    string
	f       *os.File
	off     int64
	written time.Time     // when the file was last written, as seen at its end
	last    *atomic.Int64 // time of the last packet read from any file
	looked  time.Time     // when the folder was looked at for a successor
	emptied bool
	next    string // the file of the ring that goes on
	stop    chan struct{}
	done    map[string]time.Time // files read to their end, and when they were last written
	stopped bool
}

func openTail(path string, stop chan struct{}, last *atomic.Int64, done map[string]time.Time) (*tail, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &tail{path: path, f: f, stop: stop, last: last, done: done}, nil
}

func (t *tail) Read(p []byte) (int, error) {
	for last := false; ; {
		n, err := t.f.Read(p)
		t.off += int64(n)
		if n > 0 || err != nil && err != io.EOF {
			return n, err
		}
		if last {
			return 0, io.EOF
		}
		if last = t.over(); last {
			continue // what was written between the read and the look
		}
		select {
		case <-t.stop:
			t.stopped, last = true, true
		case <-time.After(followEvery):
		}
	}
}

// over tells whether the writer has turned to another file.
func (t *tail) over() bool {
	own, err := t.f.Stat()
	if err != nil || !own.Mode().IsRegular() {
		return false
	}
	t.written = own.ModTime()
	if own.Size() < t.off {
		t.emptied = true
		return true
	}
	if now, err := os.Stat(t.path); err == nil && !os.SameFile(own, now) {
		return true
	}
	if now := time.Now(); now.Sub(t.looked) >= ringEvery {
		t.looked = now
		t.next = ringNext(t.path, t.written, t.last.Load(), t.done)
	}
	return t.next != ""
}

// successor names the file to go on with; "" for none.
func (t *tail) successor() string {
	switch own, err := t.f.Stat(); {
	case t.stopped || err != nil:
		return ""
	case t.next != "":
		t.done[t.path] = own.ModTime()
		return t.next
	}
	return t.path
}

const ringEvery = 500 * time.Millisecond // between looks at a folder
