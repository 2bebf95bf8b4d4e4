package decode

import (
	"bytes"
	"strings"
)

// headEnd finds the empty line that ends a head: the length of the head with
// it and without it; 0 when it is not there yet.
func headEnd(b []byte, from int) (n, body int) {
	for {
		i := bytes.IndexByte(b[from:], '\n')
		if i < 0 {
			return 0, 0
		}
		from += i + 1
		switch rest := b[from:]; {
		case len(rest) > 0 && rest[0] == '\n':
			return from + 1, from
		case len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n':
			return from + 2, from
		}
	}
}

func emptyLines(b []byte) int {
	n := 0
	for n < len(b) && (b[n] == '\r' || b[n] == '\n') {
		n++
	}
	return n
}

// hexSize reads a chunk-size; extensions follow a semicolon.
func hexSize(line []byte) (size uint64, ok bool) {
	for i, c := range line {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return size, i > 0
		}
		if i >= 15 {
			return 0, false
		}
		size = size<<4 | uint64(c)
	}
	return size, len(line) > 0
}

// place is where a part of the header value at offset at stands in head: all
// from at on when folding tore it apart.
func place(head []byte, at int, part []byte) (off, n int) {
	if i := bytes.Index(head[at:], part); i >= 0 {
		return at + i, len(part)
	}
	return at, len(head) - at
}

// An httpBody is how a message's body is framed, RFC 9112 §6.
type httpBody struct {
	chunked bool
	sized   bool // Content-Length is there
	length  uint64
	sealed  bool // multipart/encrypted of WinRM, [MS-WSMV] §2.2.9.1
}

func (f *httpBody) header(name, value []byte) {
	switch len(name) {
	case len("Content-Type"):
		const sealed = "MULTIPART/ENCRYPTED"
		if len(value) >= len(sealed) && asciiUpper(name) == "CONTENT-TYPE" {
			f.sealed = asciiUpper(value[:len(sealed)]) == sealed
		}
	case len("Content-Length"):
		if asciiUpper(name) == "CONTENT-LENGTH" {
			f.length, f.sized = decimal(value)
		}
	case len("Transfer-Encoding"):
		if asciiUpper(name) == "TRANSFER-ENCODING" {
			f.chunked = strings.HasSuffix(asciiUpper(value), "CHUNKED")
		}
	}
}

func decimal(b []byte) (n uint64, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' || n > 1<<56 {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, len(b) > 0
}

// headers calls f for each header line behind the first line of head (for all
// of it when it begins with one). at is the value's offset in head; a folded
// value (RFC 9112 §5.2) is joined.
func headers(head []byte, f func(name, value []byte, at int)) {
	at := 0
	if i := bytes.IndexByte(head, '\n'); i >= 0 && !bytes.Contains(head[:i], []byte("uthorization: ")) {
		at = i + 1
	}
	for at < len(head) {
		end, folded := lineEnd(head, at)
		line := bytes.TrimRight(head[at:end], "\r\n")
		if i := bytes.IndexByte(line, ':'); i > 0 {
			value := line[i+1:]
			lead := len(value) - len(bytes.TrimLeft(value, " \t\r\n"))
			value = bytes.TrimRight(value[lead:], " \t")
			valueAt := at + i + 1 + lead
			if folded {
				value = bytes.Join(bytes.Fields(value), []byte(" "))
			}
			f(line[:i], value, valueAt)
		}
		at = end
	}
}

// lineEnd is the offset behind the header line at offset at, with the lines
// that continue it.
func lineEnd(head []byte, at int) (end int, folded bool) {
	for {
		i := bytes.IndexByte(head[at:], '\n')
		if i < 0 {
			return len(head), folded
		}
		at += i + 1
		if at >= len(head) || head[at] != ' ' && head[at] != '\t' {
			return at, folded
		}
		folded = true
	}
}
