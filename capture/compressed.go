package capture

import (
	"bufio"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxWindow is the most memory, in bytes, that a zstd frame may ask for to be
// decompressed: what `zstd -19 --long=26` asks for. RFC 8878 §3.1.1.1.2 wants
// at least 8 MiB.
const maxWindow = 64 << 20

// What unpacks to more than maxRatio times its size, once it is more than
// freeUnpacked bytes, is made to cost, and read no further: captures of real
// traffic shrink to a twentieth, deflate cannot shrink more than to a 1032nd.
const (
	maxRatio     = 500
	freeUnpacked = 1 << 30
)

// errRatio ends what unpacks to too much.
var errRatio = fmt.Errorf("it unpacks to more than %d times its size: read no further", maxRatio)

// unpacked counts what comes out of all layers of compression.
type unpacked struct {
	r    io.Reader
	from *readErrors // the compressed file
	n    int64
}

func (u *unpacked) Read(b []byte) (int, error) {
	if u.n > freeUnpacked && u.n/maxRatio > u.from.n {
		return 0, errRatio
	}
	n, err := u.r.Read(b)
	u.n += int64(n)
	return n, err
}

// readErrors passes reads on and keeps the operating system's error, so that
// it is told from damage in the compressed data.
type readErrors struct {
	r   io.Reader
	n   int64 // bytes read
	err error
}

func (e *readErrors) Read(b []byte) (int, error) {
	n, err := e.r.Read(b)
	e.n += int64(n)
	if err != nil && err != io.EOF {
		e.err = err
	}
	return n, err
}

// openGzip reads what is inside a gzip file (RFC 1952), of one or several members.
func openGzip(s *stream) (Source, error) {
	return s.inside(".gz", func(r io.Reader) (io.Reader, func(), error) {
		z, err := gzip.NewReader(bufio.NewReaderSize(r, growFrom))
		return z, func() {}, err
	})
}

// openZstd reads what is inside a zstd file (RFC 8878), of one or several frames.
func openZstd(s *stream) (Source, error) {
	return s.inside(".zst", func(r io.Reader) (io.Reader, func(), error) {
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	})
}

// inside opens the capture within a layer of compression.
func (s *stream) inside(suffix string, unpack func(io.Reader) (io.Reader, func(), error)) (Source, error) {
	if s.nested == maxNested {
		return nil, &FormatError{Path: s.name, What: "not a capture file: compressed more than twice", Hint: "unpack it first"}
	}
	below := &readErrors{r: s.r}
	in := &stream{
		name: s.name, table: s.table, size: -1, nested: s.nested + 1, suffix: suffix + s.suffix, cfg: s.cfg, under: &below.err,
	}
	if s.nested > 0 {
		in.under = s.under
	}
	in.packed = below
	if s.nested > 0 {
		in.packed = s.packed
	}
	r, done, err := unpack(below)
	if err != nil {
		if below.err != nil && s.nested == 0 {
			return nil, below.err
		}
		return nil, &FormatError{Path: s.name, What: fmt.Sprintf("not a capture file: damaged %s data at byte %d (%v)", in.layer(), in.packed.n, err)}
	}
	in.r = &unpacked{r: r, from: in.packed}
	in.close = func() error {
		done()
		return s.close()
	}
	f, err := in.detect()
	if err == nil {
		var src Source
		if src, err = f.open(in); err == nil {
			return src, nil
		}
	}
	done()
	return nil, err
}
