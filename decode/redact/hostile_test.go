package redact

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/decode/flow"
)

// nested is elements within each other: each a tag, its length, and what stands
// before the next.
func nested(levels int, tags, before string) []byte {
	size := levels * (6 + len(before))
	b := make([]byte, 0, size)
	for i := range levels {
		b = append(b, tags[i%len(tags)], 0x84)
		b = binary.BigEndian.AppendUint32(b, uint32(size-len(b)-4))
		b = append(b, before...)
	}
	return b
}

// What is made to cost much does not.
func TestHostileCost(t *testing.T) {
	for name, do := range map[string]func(r *Redactor){
		"labels without letters": func(r *Redactor) {
			for i := range 1 << 12 {
				label := []byte(strings.Repeat("-", 20))
				for bit := range 12 {
					if i>>bit&1 != 0 {
						label[bit] = '_'
					}
				}
				r.name(label)
			}
		},
		"literals without an end": func(r *Redactor) { r.words(bytes.Repeat([]byte{'{'}, maxStream)) },
		"tokens within tokens":    func(r *Redactor) { r.token(nested(1<<18, "\x60\x61", "\x06\x01\x2a")) },
		"strings within strings":  func(r *Redactor) { r.token(nested(1<<18, "\x04", "")) },
		"sequences":               func(r *Redactor) { r.token(nested(1<<18, "\x30", "")) },
		"fragments with one number over years": func(r *Redactor) {
			f := r.Of()
			p := flow.Packet{Proto: 17, FragMore: true, Payload: make([]byte, 8)}
			for i := range int64(maxFragments) {
				f.collectFragment(0, &p, i*31e9)
			}
			require.Len(t, f.pieced, maxFragments)
			for i := range int64(maxFragments) {
				require.Same(t, f.pieced[i], f.datagramAt(fragmentOf(0, &p), i*31e9))
			}
		},
		"a stream full of gaps": func(r *Redactor) {
			var h half
			for i := range int64(1 << 17) {
				h.pieces = append(h.pieces, piece{2 * i, []byte{byte(i)}})
			}
			h.join()
			var b [1]byte
			for i := range int64(1 << 17) {
				h.at(2*i, b[:])
				require.Equal(t, byte(i), b[0])
				h.at(2*i+1, b[:])
				require.Zero(t, b[0])
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			do(New("test", 0))
			assert.Less(t, time.Since(began), 5*time.Second)
		})
	}
}

// Pieces of a stream are found wherever they stand.
func TestAt(t *testing.T) {
	h := half{ranges: []piece{{-4, []byte("abcd")}, {2, []byte("ef")}, {8, []byte("gh")}}}
	for off, want := range map[int64]string{-6: "..ab", -4: "abcd", -1: "d..e", 0: "..ef", 3: "f...", 4: "....", 7: ".gh.", 10: "...."} {
		b := []byte("xxxx")
		h.at(off, b)
		assert.Equal(t, want, strings.ReplaceAll(string(b), "\x00", "."), "%d", off)
	}
}
