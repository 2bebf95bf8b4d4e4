package analyze

import "testing"

// BenchmarkFindings runs all rules over a busy and thoroughly broken case: no
// check may be quadratic in what was captured.
func BenchmarkFindings(b *testing.B) {
	c := brokenCase(b, 1000)
	for b.Loop() {
		if len(c.Findings(Rules())) == 0 {
			b.Fatal("nothing found")
		}
	}
}

// BenchmarkReport puts the whole report of it together.
func BenchmarkReport(b *testing.B) {
	c := brokenCase(b, 1000)
	for b.Loop() {
		if len(c.Report(Options{}).Findings) == 0 {
			b.Fatal("nothing found")
		}
	}
}
