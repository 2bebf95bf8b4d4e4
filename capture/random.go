package capture

import (
	"bytes"
	"errors"
	"io"
)

// maxHeld is the most bytes of a stream (a pipe, or what a file holds in
// compressed form) that are held in memory for a format that is read at random.
const maxHeld = 512 << 20

// random gives the bytes of s at random: those of the file itself, else s read
// to its end. end is what that reading ended with: io.EOF, or the error after
// the bytes that are there.
func (s *stream) random() (r io.ReaderAt, size int64, end, err error) {
	if s.at != nil {
		return s.at, s.size, io.EOF, nil
	}
	var held bytes.Buffer
	n, end := io.Copy(&held, io.LimitReader(s.r, maxHeld+1))
	if n > maxHeld {
		return nil, 0, nil, &FormatError{
			Path: s.name, What: "a capture of a format that is read at random, and too long to be held in memory", Capture: true,
			Hint: "store it, unpacked, as a file, and name that",
		}
	}
	if end == nil || errors.Is(end, io.EOF) {
		end = io.EOF
	}
	return bytes.NewReader(held.Bytes()), n, end, nil
}
