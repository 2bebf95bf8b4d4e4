package krb5

import "testing"

func benchmarkParse(b *testing.B, msg []byte) {
	b.ReportAllocs()
	b.SetBytes(int64(len(msg)))
	for b.Loop() {
		if _, n := Parse(msg); n == 0 {
			b.Fatal("no message")
		}
	}
}

func BenchmarkParseASReq(b *testing.B)  { benchmarkParse(b, asReq()) }
func BenchmarkParseTGSReq(b *testing.B) { benchmarkParse(b, tgsReq()) }
func BenchmarkParseTGSRep(b *testing.B) { benchmarkParse(b, tgsRep()) }
func BenchmarkParseAPReq(b *testing.B)  { benchmarkParse(b, apReq()) }
func BenchmarkParseError(b *testing.B)  { benchmarkParse(b, krbError(25, nil)) }

func BenchmarkProbe(b *testing.B) {
	msg := apReq()
	b.ReportAllocs()
	for b.Loop() {
		if _, v := Probe(msg); v != Yes {
			b.Fatal(v)
		}
	}
}

// The hot path: one allocation a message, two where lists are long.
func TestAllocations(t *testing.T) {
	for name, msg := range samples() {
		n := testing.AllocsPerRun(100, func() { Parse(msg) })
		if n > 2 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	msg := apReq()
	if n := testing.AllocsPerRun(100, func() { Probe(msg) }); n != 0 {
		t.Errorf("Probe: %v allocations", n)
	}
}
