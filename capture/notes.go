package capture

import "strings"

// A Note is what the file says of a packet beside its bytes: pcapng's comments
// and flags.
type Note struct {
	Record int // index into Batch.Records
	PacketOptions
}

// KeepNotes asks for the comments and flags of packets (Batch.Notes), which
// cost time and tell nothing of the packets' contents.
func KeepNotes() Option {
	return func(c *config) { c.notes = true }
}

const (
	maxComments = 64 // of one packet; the others are left out
)

// note reads the options of a packet block (§4.3, appendix A) whose record was
// appended last.
func (p *pcapngSource) note(b *Batch, block []byte) {
	n := len(b.Records) - 1
	at := 28 + int64(pad4(b.Records[n].Len))
	if at > int64(len(block)-4) {
		return
	}
	o := order(p.big)
	var found PacketOptions
	for opts := block[at : len(block)-4]; len(opts) >= 4; {
		code, size := o.Uint16(opts), int(o.Uint16(opts[2:]))
		opts = opts[4:]
		if code == ngOptEnd || size > len(opts) {
			break
		}
		switch v := opts[:size]; {
		case code == ngOptComment && size > 0 && len(found.Comments) < maxComments:
			found.Comments = append(found.Comments, strings.ToValidUTF8(strings.TrimRight(string(v), "\x00"), "\ufffd"))
		case code == ngOptFlags && size == 4:
			found.Flags = o.Uint32(v)
		}
		opts = opts[min(int(pad4(uint32(size))), len(opts)):]
	}
	if found.Flags != 0 || len(found.Comments) > 0 {
		b.Notes = append(b.Notes, Note{n, found})
	}
}
