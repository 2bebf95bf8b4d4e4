package capture

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
)

const (
	maxNetmonNotes   = 4 << 20 // bytes of the comments, and of the process table, that are looked at
	maxNetmonComment = 4096    // bytes of a comment that are kept
)

// netmonNotes are the comments of frames, and the processes whose frames they
// are: both only from version 2.2 on.
type netmonNotes struct {
	comments  map[int64]string // by the file offset of the frame
	processes []string
}

// readNetmonNotes reads what it can of both tables; h is the file header.
func readNetmonNotes(p *netmonSource, h []byte) *netmonNotes {
	n := &netmonNotes{comments: map[int64]string{}}
	if p.minor < 2 {
		return n
	}
	le := binary.LittleEndian
	n.readComments(p.section(le.Uint32(h[40:]), le.Uint32(h[44:])))
	// Of the process table the number of entries is told, not its length.
	if count := le.Uint32(h[52:]); count > 0 {
		n.readProcesses(p.section(le.Uint32(h[48:]), maxNetmonNotes), count)
	}
	return n
}

// section returns the part of a table that is there.
func (p *netmonSource) section(off, size uint32) netmonReader {
	n := min(int64(size), maxNetmonNotes, p.len-int64(off))
	if off < netmonHeader || n <= 0 {
		return nil
	}
	b := make([]byte, n)
	if readAt(p.file, b, int64(off)) != nil {
		return nil
	}
	return b
}

// of returns the notes of the frame at off.
func (n *netmonNotes) of(off int64, tail []byte) (list []string) {
	if c := n.comments[off]; c != "" {
		list = append(list, c)
	}
	if len(tail) >= 6 {
		if i := binary.LittleEndian.Uint32(tail[2:]); uint64(i) < uint64(len(n.processes)) {
			list = append(list, n.processes[i])
		}
	}
	return list
}

// A netmonReader reads fields; once one is not there, it is nil.
type netmonReader []byte

func (r *netmonReader) take(n uint32) []byte {
	if uint64(len(*r)) < uint64(n) {
		*r = nil
		return nil
	}
	b := (*r)[:n]
	*r = (*r)[n:]
	return b
}

func (r *netmonReader) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// readComments reads entries of: number of frames (one), offset of the frame,
// title in UTF-16, description in RTF.
func (n *netmonNotes) readComments(r netmonReader) {
	for len(r) > 0 && r.u32() == 1 {
		frame := int64(r.u32())
		title := utf16Text(r.take(r.u32()))
		c := strings.TrimSpace(title + "\n" + rtfText(string(r.take(r.u32()))))
		if r == nil {
			return
		}
		if len(c) > maxNetmonComment {
			c = strings.ToValidUTF8(c[:maxNetmonComment], "")
		}
		n.comments[frame] = c
	}
}

// readProcesses reads entries of: path in UTF-16, icon, process id, ports,
// addresses.
func (n *netmonNotes) readProcesses(r netmonReader, count uint32) {
	r.take(2) // version
	for range count {
		path := utf16Text(r.take(r.u32()))
		r.take(r.u32())
		pid := r.u32()
		r.take(8 + 4 + 32)
		if r == nil {
			return
		}
		if len(path) > maxNetmonComment {
			path = strings.ToValidUTF8(path[:maxNetmonComment], "")
		}
		n.processes = append(n.processes, fmt.Sprintf("process %s, PID %d", path, pid))
	}
}

// utf16Text is what stands in b up to a NUL.
func utf16Text(b []byte) string {
	var u []uint16
	for ; len(b) >= 2 && (b[0] != 0 || b[1] != 0); b = b[2:] {
		u = append(u, binary.LittleEndian.Uint16(b))
	}
	return string(utf16.Decode(u))
}

// rtfText returns the words of a text in RTF: what stands in no control word
// and in no group of tables. Text that is none comes back as it is.
func rtfText(s string) string {
	if !strings.HasPrefix(s, `{\rtf`) {
		return strings.ToValidUTF8(strings.TrimRight(s, "\x00"), "\ufffd")
	}
	var out strings.Builder
	depth, skip := 0, 0 // skip: the depth of a group that is left out
	for i := 0; i < len(s); {
		c := s[i]
		i++
		switch {
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth < skip {
				skip = 0
			}
		case c == '\\' && i < len(s):
			word := i
			for i < len(s) && (s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z') {
				i++
			}
			if i == word { // a control symbol
				i++
				switch s[word] {
				case '*':
					if skip == 0 {
						skip = depth
					}
				case '\'':
					if v, err := strconv.ParseUint(s[i:min(i+2, len(s))], 16, 8); err == nil && skip == 0 {
						out.WriteRune(rune(v)) // Latin-1 is close enough to any code page of the West
					}
					i = min(i+2, len(s))
				case '\\', '{', '}':
					if skip == 0 {
						out.WriteByte(s[word])
					}
				}
				continue
			}
			name := s[word:i]
			for i < len(s) && (s[i] == '-' || s[i] >= '0' && s[i] <= '9') {
				i++
			}
			if i < len(s) && s[i] == ' ' {
				i++
			}
			switch name {
			case "par", "line":
				if skip == 0 {
					out.WriteByte('\n')
				}
			case "fonttbl", "colortbl", "stylesheet", "info", "pict":
				if skip == 0 {
					skip = depth
				}
			}
		case c == '\r' || c == '\n' || c == 0 || skip != 0:
		default:
			out.WriteByte(c)
		}
	}
	return strings.ToValidUTF8(strings.TrimSpace(out.String()), "\ufffd")
}
