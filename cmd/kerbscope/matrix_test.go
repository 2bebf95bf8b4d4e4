package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/analyze"
)

// A variant is a case with something taken away from it, or put beside it.
type variant struct {
	name string
	make func(list []recording) []recording // nil result: does not apply
}

// variants are the columns of the matrix.
func variants(t *testing.T) []variant {
	healthy := load(t, capturesIn(t, filepath.Join(corpusRoot, "all-carriers-healthy")))
	var list []variant
	for _, n := range []int{96, 256, 600} {
		list = append(list, variant{fmt.Sprintf("snaplen %d", n), func(l []recording) []recording { return snap(l, n) }})
	}
	for seed := range uint64(5) {
		list = append(list, variant{fmt.Sprintf("loss %d", seed), func(l []recording) []recording { return lose(l, 0.05, seed+1) }})
	}
	return append(list,
		variant{"without the KDC leg", withoutKDC},
		variant{"sent by the client", func(l []recording) []recording { return oneWay(l, 30, true) }},
		variant{"not sent by the client", func(l []recording) []recording { return oneWay(l, 30, false) }},
		variant{"sent by the service", func(l []recording) []recording { return oneWay(l, 20, true) }},
		variant{"first half", func(l []recording) []recording { return part(l, 0, 5) }},
		variant{"second half", func(l []recording) []recording { return part(l, 5, 10) }},
		variant{"middle", func(l []recording) []recording { return part(l, 2, 8) }},
		variant{"clocks shifted", func(l []recording) []recording { return shift(l, 137500*time.Millisecond) }},
		variant{"clocks shifted back", func(l []recording) []recording { return shift(l, -time.Hour) }},
		variant{"merged", func(l []recording) []recording {
			if len(l) < 2 {
				return nil
			}
			return merge("merged", l)
		}},
		variant{"merged with a healthy one", func(l []recording) []recording {
			return merge("mixed", l, moveTo(rename(healthy, 'q'), begin(l)+int64(300*time.Millisecond)))
		}},
		variant{"renamed", func(l []recording) []recording { return rename(l, 'k') }},
	)
}

// saidInPart lists what a part of a case says beyond the whole, with the
// reason why it is true all the same.
var saidInPart = []struct{ dir, variant, rule, why string }{
	{"tcp-88-blocked", "snaplen 96", "kdc-unreachable", "the answers over UDP are cut before the code that tells the client to use TCP; that TCP is not answered is true"},
	{"tcp-88-blocked", "sent by the client", "kdc-unreachable", "the answers over UDP are not there; the client's SYNs sent again show that TCP is not answered"},
	{"clock-skew-client", "merged with a healthy one", "clock-skew", "the packets of the healthy one were moved in time and the times in its messages were not: its KDC's clock truly differs"},
	{"kdc-failover", "sent by the client", "kdc-unreachable", "the other KDC's answer is not there; the client's SYNs sent again show that this one is silent"},
	{"preauth-failed-recovered", "first half", "preauth-failed", "the capture ends before the client tries again"},
	{"preauth-failed-recovered", "middle", "preauth-failed", "the capture ends before the client tries again"},
	{"etype-nosupp-recovered", "middle", "etype-nosupp", "the capture ends before the client asks with a longer list"},
	{"selective-auth", "snaplen 256", "krb-error", "the status that names the reason is cut off; that the KDC answered 12 is true"},
	{"etype-list-altered", "merged", "client-offers-no-aes", "one capture with the request before and after its change, which counts as sent again: the second one does offer no AES"},
	{"fast-failed", "not sent by the client", "krb-error", "the request is not there, and with it the armor that the error is about"},
	{"checksum-refused", "not sent by the client", "krb-error", "the request is not there; that the KDC answered 50 is true"},
	{"preauth-failed-recovered-replication", "first half", "preauth-failed", "the capture ends before another KDC accepts the key"},
	{"preauth-failed-recovered-replication", "loss", "preauth-failed", "the reply of the KDC that accepted the key is not there"},
	{"client-revoked-midsession", "", "krb-error", "without the logon that is refused nothing names the reason; that the KDC answered 12 is true"},
	{"stale-ticket-healed-healthy", "first half", "acceptor-lacks-key", "the capture ends before the client comes with a new ticket"},
	{"stale-ticket-healed-healthy", "first half", "same-ticket-two-outcomes", "the capture ends before the client comes with a new ticket"},
	{"stale-ticket-healed-healthy", "middle", "stale-ticket", "the capture ends before the client comes with a new ticket"},
	{"stale-ticket-healed-healthy", "middle", "acceptor-lacks-key", "the capture ends before the client comes with a new ticket"},
	{"stale-ticket-healed-healthy", "middle", "same-ticket-two-outcomes", "the capture ends before the client comes with a new ticket"},
}

// TestMatrix: whatever is missing from a case or stands beside it, the report
// is true: a finding may vanish or lose confidence, none may appear.
func TestMatrix(t *testing.T) {
	if raceDetector {
		t.Skip("the same code runs under the race detector in TestCorpus")
	}
	columns := variants(t)
	var cells, kept, empty atomic.Int64
	dirs := corpusCases(t, corpusRoot)
	t.Run("cases", func(t *testing.T) {
		for _, dir := range dirs {
			t.Run(filepath.Base(dir), func(t *testing.T) {
				t.Parallel()
				whole := reportOf(t, dir)
				list := load(t, capturesIn(t, dir))
				for i, v := range columns {
					changed := v.make(list)
					if changed == nil {
						continue
					}
					paths := store(t, filepath.Join(t.TempDir(), fmt.Sprint(i)), changed)
					r := reportOf(t, paths...)
					cells.Add(1)
					switch {
					case r.Verdict.Rule == whole.Verdict.Rule:
						kept.Add(1)
					case r.Verdict.Rule == "":
						empty.Add(1)
					}
					for _, f := range faults(r) {
						if why := beyond(whole, &f); why != "" && !toldInPart(filepath.Base(dir), v.name, f.Rule) {
							assert.Fail(t, "a part says more than the whole", "%s: %s: %s %s (%s): %s", v.name, why, f.Severity, f.ID, f.Confidence, f.Summary)
						}
					}
					if v.name == "renamed" && !fragmented(list) {
						assert.Equal(t, ruleLines(whole), ruleLines(r), "names and addresses must not matter")
					}
				}
			})
		}
	})
	t.Logf("%d cells; verdict still that of the whole case in %d (%.1f %%), none in %d", cells.Load(), kept.Load(), 100*float64(kept.Load())/float64(max(cells.Load(), 1)), empty.Load())
}

// beyond says in what a finding goes beyond those of the whole case.
func beyond(whole *analyze.Report, f *analyze.Finding) string {
	var same []analyze.Finding
	for _, w := range whole.Findings {
		if w.Rule == f.Rule {
			same = append(same, w)
		}
	}
	if len(same) == 0 {
		return "no such finding in the whole"
	}
	if !slices.ContainsFunc(same, func(w analyze.Finding) bool { return severityRank(w.Severity) >= severityRank(f.Severity) }) {
		return "graver than in the whole"
	}
	if !slices.ContainsFunc(same, func(w analyze.Finding) bool { return confidenceRank(w.Confidence) >= confidenceRank(f.Confidence) }) {
		return "surer than in the whole"
	}
	return ""
}

func severityRank(s analyze.Severity) int {
	return slices.Index([]analyze.Severity{analyze.Note, analyze.Warning, analyze.Error}, s)
}

func confidenceRank(c analyze.Confidence) int {
	return slices.Index([]analyze.Confidence{analyze.Possible, analyze.Likely, analyze.Certain}, c)
}

func toldInPart(dir, variant, rule string) bool {
	for _, row := range saidInPart {
		if row.dir == dir && row.rule == rule && strings.HasPrefix(variant, row.variant) {
			return true
		}
	}
	return false
}

func ruleLines(r *analyze.Report) []string {
	var list []string
	for _, f := range r.Findings {
		list = append(list, fmt.Sprintf("%s %s %s x%d", f.Severity, f.Rule, f.Confidence, f.Count))
	}
	slices.Sort(list)
	return list
}

// mixedCases are put together by threes; their causes are of three kinds.
var mixedCases = []string{"seed-story", "stale-keytab", "spn-unknown", "clock-skew-client", "preauth-failed", "client-revoked", "etype-nosupp", "key-mismatch-41", "tcp-88-blocked", "stale-ticket", "account-lacks-aes-keys", "acceptor-lacks-etype-key", "kdc-slow", "delegation-refused", "spn-on-wrong-account"}

// TestMixed: three cases of three worlds in one capture, among the traffic of
// a healthy one: all three causes are found, none is invented, and the verdict
// is one of the gravest.
func TestMixed(t *testing.T) {
	if raceDetector {
		t.Skip("the same code runs under the race detector in TestCorpus")
	}
	healthy := load(t, capturesIn(t, filepath.Join(corpusRoot, "all-carriers-healthy")))
	at := begin(healthy)
	for n := range 20 {
		picked := []string{mixedCases[n%len(mixedCases)], mixedCases[(n+4+n/15)%len(mixedCases)], mixedCases[(n+9)%len(mixedCases)]}
		t.Run(strings.Join(picked, "+"), func(t *testing.T) {
			t.Parallel()
			sets := [][]recording{rename(healthy, 'q')}
			rules, causes := map[string]bool{}, map[string]bool{}
			gravest := string(analyze.Note)
			for i, name := range picked {
				dir := filepath.Join(corpusRoot, name)
				r := reportOf(t, dir)
				require.NotEmpty(t, r.Verdict.Rule, name)
				causes[r.Verdict.Rule] = true
				if severityRank(analyze.Severity(r.Verdict.Severity)) > severityRank(analyze.Severity(gravest)) {
					gravest = r.Verdict.Severity
				}
				for _, f := range r.Findings {
					rules[f.Rule] = true
				}
				moved := moveTo(load(t, capturesIn(t, dir)), at+int64(i)*int64(700*time.Millisecond))
				sets = append(sets, rename(moved, "kvz"[i]))
			}
			r := reportOf(t, store(t, t.TempDir(), merge("mixed", sets...))...)
			found := map[string]bool{}
			for _, f := range r.Findings {
				if f.BecauseOf == "" {
					found[f.Rule] = true
				}
				if f.Severity != analyze.Note && !rules[f.Rule] {
					assert.Fail(t, "invented", "%s %s: %s", f.Severity, f.ID, f.Summary)
				}
			}
			for c := range causes {
				assert.True(t, found[c], "%s is not among the roots: %v", c, ruleLines(r))
			}
			assert.Equal(t, gravest, r.Verdict.Severity)
		})
	}
}
