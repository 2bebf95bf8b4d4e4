package capture

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// DefaultBlock is the size of the blocks that files are read in: large enough
// that system calls cost nothing, small enough to stay in the second-level cache.
const DefaultBlock = 256 << 10

const (
	minBlock    = 64        // smallest block size that an option can ask for
	headBytes   = 4096      // most bytes looked at to tell the format of a file
	maxNested   = 2         // layers of compression
	maxFaults   = 16        // faults kept one by one; the rest is counted
	emptyReads  = 100       // reads in a row that may bring nothing
	maxIfaces   = 4096      // interfaces listed in Info; later ones share the last entry
	maxIfName   = 256       // bytes of an interface name that are kept
	growFrom    = 64 << 10  // a block grows by doubling from what it holds, never by a claimed length
	keepBlock   = 1 << 20   // a buffer grown beyond this is dropped once it is no longer needed
	maxPcapRec  = 256 << 10 // longest packet record, as in Wireshark
	maxNgBlock  = 16 << 20  // longest pcapng block, as in Wireshark
	maxNgIfaces = 1 << 14   // interfaces of one pcapng section
)

// An Option changes how a file is read.
type Option func(*config)

type config struct {
	block     int
	zone      int64 // ns
	allCopies bool
	notes     bool
}

// BlockSize sets the size in bytes of the blocks that the file is read in
// (DefaultBlock). One Batch holds the records of about one block.
func BlockSize(n int) Option {
	return func(c *config) { c.block = max(n, minBlock) }
}

// LocalAhead says by how many nanoseconds the local times of a capture that
// gives no UTC (Info.LocalTime) are ahead of it. Other captures do not mind.
func LocalAhead(ns int64) Option {
	return func(c *config) { c.zone = ns }
}

// A stream is an input whose format is being told, and then read.
type stream struct {
	name   string
	table  []format
	r      io.Reader   // the whole input from its first byte
	head   []byte      // its first bytes, still to come from r as well
	whole  bool        // head is all there is
	at     io.ReaderAt // the same bytes at random, nil unless it is a plain file
	size   int64       // with at: bytes in all; otherwise -1
	live   bool        // r may be a pipe: hand on what is there, do not wait for a full block
	nested int         // layers of compression around it
	suffix string      // what those add to the format's name: ".gz"
	under  *error      // with nested: the read error of the compressed file, not of its contents
	packed *readErrors // with nested: the compressed file itself
	cfg    config
	close  func() error
}

// Open opens a capture file of any format in the table, plain or compressed.
// The format is told by the file's first bytes, never by its name. A file that
// is no capture, or of a format that is not read, gives a *FormatError; one
// that cannot be opened or read, the operating system's error.
func Open(path string, opts ...Option) (Source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	if st.IsDir() {
		f.Close()
		return nil, &FormatError{Path: path, What: "a folder, not a capture file"}
	}
	s := &stream{name: path, r: f, size: -1, close: f.Close}
	if st.Mode().IsRegular() {
		s.at, s.size = f, st.Size()
	} else {
		s.live = true
	}
	src, err := s.open(opts)
	if err != nil {
		f.Close()
		return nil, err
	}
	return src, nil
}

// OpenReader reads a capture from r, which need not be seekable (standard
// input, a pipe). name stands for it in errors. Closing the Source does not
// close r. Formats that need random access read r to its end first, up to a limit.
func OpenReader(name string, r io.Reader, opts ...Option) (Source, error) {
	s := &stream{name: name, r: r, size: -1, live: true, close: func() error { return nil }}
	if f, ok := r.(*os.File); ok {
		if st, err := f.Stat(); err == nil && st.Mode().IsRegular() {
			s.live = false
		}
	}
	return s.open(opts)
}

func (s *stream) open(opts []Option) (Source, error) {
	s.table, s.cfg.block = formats, DefaultBlock
	for _, o := range opts {
		o(&s.cfg)
	}
	f, err := s.detect()
	if err != nil {
		return nil, err
	}
	return f.open(s)
}

// detect reads as much of the head as it takes to tell the format, and no
// more: the input may be a pipe that is still being written.
func (s *stream) detect() (*format, error) {
	head := make([]byte, 0, headBytes)
	var end error
	for tries := 0; ; {
		for i := range s.table {
			f := &s.table[i]
			if f.match(head) {
				s.rewind(head, end)
				if f.open == nil {
					return f, &FormatError{Path: s.name, What: f.what, Hint: f.hint, Capture: f.capture}
				}
				return f, nil
			}
		}
		if end != nil || len(head) == cap(head) {
			break
		}
		n, err := s.r.Read(head[len(head):cap(head)])
		head = head[:len(head)+n]
		if n == 0 && err == nil {
			if tries++; tries >= emptyReads {
				err = io.ErrNoProgress
			}
		}
		end = err
	}
	if end != nil && !errors.Is(end, io.EOF) {
		if s.nested > 0 {
			return nil, &FormatError{Path: s.name, What: fmt.Sprintf("not a capture file: damaged %s data at byte %d (%v)", s.layer(), s.packed.n, end)}
		}
		return nil, &os.PathError{Op: "read", Path: s.name, Err: end}
	}
	s.rewind(head, end)
	return nil, notACapture(s)
}

// rewind puts the head back in front of r.
func (s *stream) rewind(head []byte, end error) {
	s.head, s.whole = head, errors.Is(end, io.EOF)
	s.r = &rewound{head: head, r: s.r, err: end}
}

func (s *stream) layer() string {
	if s.suffix == ".zst" {
		return "zstd"
	}
	return "gzip"
}

// A rewound reader gives head, then what r still has.
type rewound struct {
	head []byte
	r    io.Reader
	err  error // r's end, if it was met while reading head
}

func (p *rewound) Read(b []byte) (int, error) {
	if len(p.head) > 0 {
		n := copy(b, p.head)
		p.head = p.head[n:]
		return n, nil
	}
	if p.err != nil {
		return 0, p.err
	}
	return p.r.Read(b)
}
