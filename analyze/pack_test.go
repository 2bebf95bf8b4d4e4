package analyze

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"kerbscope/decode"
)

// fill sets every exported field below v to something of its own; what a Case
// keeps beside the packed bytes is left out.
func fill(v reflect.Value, rng *rand.Rand, some func() bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if some() {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), rng, some)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[netip.AddrPort]() {
			addr := netip.AddrFrom4([4]byte{10, byte(rng.Uint32()), 3, 4})
			if rng.IntN(2) == 0 {
				addr = netip.AddrFrom16([16]byte{0x20, byte(rng.Uint32()), 15: 7})
			}
			v.Set(reflect.ValueOf(netip.AddrPortFrom(addr, uint16(rng.Uint32()))))
			return
		}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.IsExported() && (len(f.Name) < 6 || f.Name[:6] != "Healed") && some() {
				fill(v.Field(i), rng, some)
			}
			if f.Name == "Hash" {
				b := make([]byte, 32)
				for i := range b {
					b[i] = byte(rng.Uint32())
				}
				v.Field(i).SetString(hex.EncodeToString(b))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1+rng.IntN(3), 3))
		for i := range v.Len() {
			fill(v.Index(i), rng, some)
		}
	case reflect.String:
		v.SetString(fmt.Sprintf("s%d", rng.IntN(40)))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint(uint64(1 + rng.IntN(255)))
	case reflect.Uint32, reflect.Uint64:
		v.SetUint(rng.Uint64() >> (64 - v.Type().Bits()))
	case reflect.Int32, reflect.Int64, reflect.Int:
		v.SetInt(int64(rng.Uint64()) >> (64 - v.Type().Bits()))
	default:
		panic(v.Type().String())
	}
}

// What a Record says comes out of the bytes as it went in, with every field and
// with any of them, while the dictionary has room and when it is full.
func TestPackedRecords(t *testing.T) {
	full := newDictionary()
	for i := range maxWords {
		full.word(fmt.Sprint("other", i))
	}
	full.lists = make([][]int32, maxLists)
	full.strings = make([][]string, maxLists)
	for _, d := range []*dictionary{newDictionary(), full} {
		rng := rand.New(rand.NewPCG(1, 2))
		p := packer{dict: d}
		var s slabs
		for n := range 2000 {
			r := &Record{}
			fill(reflect.ValueOf(r).Elem(), rng, func() bool { return n == 0 || rng.IntN(4) > 0 })
			if r.Steps == nil {
				r.Steps = []Step{} // an exchange without any is none
			}
			k := kept{start: r.Start, end: r.End, data: p.pack(r)}
			got := k.record(&s, d.frozen(), nil)
			require.Equal(t, r, got)
			require.Equal(t, k.data, (&packer{dict: d}).pack(got))
		}
	}
}

// A usual exchange is kept in a few hundred bytes.
func TestPackedSize(t *testing.T) {
	s := newSynth(t)
	for range 20 {
		s.logon()
		s.ap(apX{to: "10.0.0.20:25", ticket: smtp5})
	}
	for _, k := range s.c.list[3:] {
		require.Less(t, len(k.data), 200, "%v", k.record(&slabs{}, s.c.dict, nil).Kind)
	}
}

// No bytes of a name are taken for those of the next: two rows, two questions.
func TestKeysSayWhereTheyEnd(t *testing.T) {
	a := &Record{Kind: decode.TGS, Client: "ab", Service: "c"}
	b := &Record{Kind: decode.TGS, Client: "a", Service: "bc"}
	require.NotEqual(t, keyOf(a), keyOf(b))
	b.Client, b.Service = "AB", "C"
	require.Equal(t, keyOf(a), keyOf(b), "ASCII case aside")
}
