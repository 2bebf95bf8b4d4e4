package etl

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/capture/etl/etltest"
)

// unpack decompresses packed into n bytes, room of them at a time.
func unpack(packed []byte, n, room int) ([]byte, error) {
	var z lz77
	z.reset(bytes.NewReader(packed), 0, int64(len(packed)))
	win := make([]byte, lzReach+room)
	var all []byte
	have := 0
	for len(all) < n {
		if have > lzReach {
			have = copy(win, win[have-lzReach:have])
		}
		got, err := z.decode(win[:min(len(win), have+n-len(all))], have)
		all = append(all, win[have:got]...)
		have = got
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// The examples of [MS-XCA] §3.1.
func TestLZ77Examples(t *testing.T) {
	for _, c := range []struct{ packed, want string }{
		{"3f000000" + hex.EncodeToString([]byte("abcdefghijklmnopqrstuvwxyz")), "abcdefghijklmnopqrstuvwxyz"},
		{"ffffff1f61626317000fff2601", strings.Repeat("abc", 100)},
	} {
		packed, err := hex.DecodeString(c.packed)
		require.NoError(t, err)
		got, err := unpack(packed, len(c.want), 1000)
		require.NoError(t, err)
		assert.Equal(t, c.want, string(got))
	}
}

func TestLZ77(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 30000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	var mixed []byte
	for len(mixed) < 200000 {
		at := r.IntN(len(noise) - 600)
		mixed = append(mixed, noise[at:at+1+r.IntN(600)]...)
		mixed = append(mixed, bytes.Repeat([]byte{byte(len(mixed))}, r.IntN(40))...)
	}
	for name, data := range map[string][]byte{
		"nothing": nil, "one byte": {7}, "noise": noise, "mixed": mixed,
		"long match": bytes.Repeat([]byte("x"), 300), "longer match": bytes.Repeat([]byte("xyz"), 20000), "longest match": make([]byte, 200000),
	} {
		t.Run(name, func(t *testing.T) {
			packed := etltest.Compress(data)
			for _, room := range []int{1, 7, 1000, 1 << 20} {
				got, err := unpack(packed, len(data), room)
				require.NoError(t, err)
				require.True(t, bytes.Equal(data, got), "room %d", room)
			}
			// What was cut off is missed, what is there is right.
			if len(data) > 1000 {
				got, err := unpack(packed[:len(packed)/2], len(data), 1000)
				require.ErrorIs(t, err, errShort)
				require.True(t, bytes.HasPrefix(data, got))
			}
		})
	}
}

func TestLZ77Damage(t *testing.T) {
	for _, c := range []struct {
		name, packed string
		err          error
	}{
		{"empty", "", errShort},
		{"flags alone", "00000000", errShort},
		{"a match before anything", "000000800000", errCorrupt},
		{"a match that reaches too far", "000000406108 00", errCorrupt},
		{"half a match", "0000004061 00", errShort},
		{"no length byte", "00000040610700", errShort},
		{"no second length byte", "000000406107000f", errShort},
		{"no third", "000000406107000fff", errShort},
		{"no fourth", "000000406107000fff0000", errShort},
		{"a long length that is short", "000000406107000fff1500", errCorrupt},
	} {
		packed, err := hex.DecodeString(strings.ReplaceAll(c.packed, " ", ""))
		require.NoError(t, err)
		_, err = unpack(packed, 100, 100)
		assert.Equal(t, c.err, err, c.name)
	}
	// A match said to be of 4 GB gives no more than is asked for.
	got, err := unpack([]byte("\x00\x00\x00\x40a\x07\x00\x0f\xff\x00\x00\xff\xff\xff\xff"), 100000, 1000)
	require.NoError(t, err)
	assert.Equal(t, strings.Repeat("a", 100000), string(got))
}

func FuzzLZ77(f *testing.F) {
	f.Add([]byte("\x3f\x00\x00\x00abcdefghijklmnopqrstuvwxyz"))
	f.Add([]byte("\xff\xff\xff\x1fabc\x17\x00\x0f\xff\x26\x01"))
	f.Add(etltest.Compress(bytes.Repeat([]byte("kerberos "), 99)))
	f.Fuzz(func(t *testing.T, packed []byte) {
		whole, err := unpack(packed, 100000, 100000)
		pieces, again := unpack(packed, 100000, 777)
		if err != again || !bytes.Equal(whole, pieces) {
			t.Fatal(err, again, len(whole), len(pieces))
		}
		back, err := unpack(etltest.Compress(packed), len(packed), 1000)
		if err != nil || !bytes.Equal(back, packed) {
			t.Fatal(err)
		}
	})
}

func BenchmarkLZ77(b *testing.B) {
	data := []byte(strings.Repeat("a packet of some kind, and another one. ", 4000))
	for i := range data {
		if i%7 == 0 {
			data[i] = byte(i * i)
		}
	}
	packed := etltest.Compress(data)
	win := make([]byte, len(data))
	var z lz77
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		z.reset(bytes.NewReader(packed), 0, int64(len(packed)))
		if n, err := z.decode(win, 0); n != len(data) || err != nil {
			b.Fatal(n, err)
		}
	}
}
