package main

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/analyze"
)

// reportOf runs analyze and reads the report back.
func reportOf(t *testing.T, args ...string) *analyze.Report {
	t.Helper()
	var r analyze.Report
	require.NoError(t, json.Unmarshal([]byte(runOK(t, append([]string{"analyze", "--format", "json"}, args...)...)), &r))
	return &r
}

// faults lists the findings that are no notes.
func faults(r *analyze.Report) []analyze.Finding {
	var list []analyze.Finding
	for _, f := range r.Findings {
		if f.Severity != analyze.Note {
			list = append(list, f)
		}
	}
	return list
}

func withKeytabs(t *testing.T, dir string) [][]string {
	t.Helper()
	runs := [][]string{{dir}}
	if keytabs := keytabsIn(t, dir); len(keytabs) > 0 {
		args := []string{dir}
		for _, k := range keytabs {
			args = append(args, "--keytab", k)
		}
		runs = append(runs, args)
	}
	return runs
}

// otherCause lists the cases whose first finding is rightly another rule than
// the one in their name. That one is found as well, unless it takes the
// keytab to know better.
var otherCause = []struct {
	dir    string
	keytab bool // only when the keytab is given
	rule   string
	why    string
}{
	{"ntlm-fallback", false, "spn-unknown", "falling back to NTLM is a symptom: the cause is that the KDC knows no such service name"},
	{"ntlm-fallback-refused", false, "spn-unknown", "as in ntlm-fallback; that NTLM is refused as well is told with the fallback"},
	{"ap-refused", true, "key-mismatch", "the keytab proves what the carrier's bare refusal leaves open"},
	{"ap-refused-mail", true, "key-mismatch", "as in ap-refused"},
	{"ap-refused-messaging", true, "key-mismatch", "as in ap-refused"},
	{"ap-refused-proxy", true, "key-mismatch", "as in ap-refused"},
	{"ap-refused-rpcsec-gss", true, "key-mismatch", "as in ap-refused"},
	{"ap-refused-tds", true, "key-mismatch", "as in ap-refused"},
	{"des-in-use", false, "ticket-downgrade", "a DES ticket for a client that knows AES is one of these; that it is DES is said beside it"},
	{"host-name-mismatch", false, "acceptor-lacks-key", "the service says that it has no such name (35); that the name belongs to another host explains why"},
	{"kerberoast-pattern", false, "client-offers-no-aes", "a list without AES is a fact; what the pattern means is only suggested"},
	{"password-spray", false, "preauth-failed", "each refused logon is an error; that they are a pattern is a note beside them"},
	{"rc4-enforcement-break", false, "client-offers-no-aes", "RC4 refused hurts only a client that offers nothing else"},
	{"rc4-in-use-krbtgt", false, "rc4-ticket-aes-session", "both are notes on the same ticket; that krbtgt has no AES key follows from it"},
	{"tgt-unlike-others", false, "rc4-ticket-aes-session", "the odd TGT's etype is certain, that it is odd only suggested"},
	{"rc4-ticket-aes-session", false, "ticket-downgrade", "an RC4 ticket for a client that knows AES is the finding; its AES session key is a note on it"},
}

// TestVerdicts: the first finding of a case is its cause; a healthy twin has
// neither error nor warning. With the keytab and without.
func TestVerdicts(t *testing.T) {
	for _, dir := range corpusCases(t, corpusRoot) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			for _, args := range withKeytabs(t, dir) {
				r := reportOf(t, args...)
				switch shape := caseShape(filepath.Base(dir)); shape {
				case "healthy":
					for _, f := range faults(r) {
						assert.Fail(t, "a finding where all is well", "%v: %s %s: %s", args[1:], f.Severity, f.ID, f.Summary)
					}
					assert.Empty(t, r.Verdict.ID)
				case "other":
				default:
					cause, own := shape, true
					for _, row := range otherCause {
						if row.dir == filepath.Base(dir) && (len(args) > 1 || !row.keytab) {
							cause, own = row.rule, !row.keytab
						}
					}
					if !assert.NotEmpty(t, r.Findings) {
						return
					}
					assert.Equal(t, cause, r.Findings[0].Rule, "%v: %s", args[1:], r.Findings[0].Summary)
					assert.True(t, !own || slices.ContainsFunc(r.Findings, func(f analyze.Finding) bool { return f.Rule == shape }), "%v: no finding of the case's own rule", args[1:])
				}
			}
		})
	}
}

// aloneToo lists what a single capture of a case may say and all of them
// together do not, with the reason why it is true all the same.
var aloneToo = []struct{ dir, capture, rule, why string }{
	{"etype-list-altered", "dc1.pcap", "client-offers-no-aes", "it holds the list as it arrived; that it left as another only the client's capture tells"},
}

// TestAlone: with any one of a case's captures the report is still true. It
// may say less, but no error or warning that all captures together do not
// make, and in a healthy case none at all.
func TestAlone(t *testing.T) {
	for _, dir := range corpusCases(t, corpusRoot) {
		captures := capturesIn(t, dir)
		if len(captures) < 2 {
			continue
		}
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			all := map[string]bool{}
			for _, f := range faults(reportOf(t, dir)) {
				all[f.Rule] = true
			}
			for _, c := range captures {
				for _, f := range faults(reportOf(t, c)) {
					if !all[f.Rule] && !allowedAlone(filepath.Base(dir), filepath.Base(c), f.Rule) {
						assert.Fail(t, "one capture alone says more than all together", "%s: %s %s (%s): %s", filepath.Base(c), f.Severity, f.ID, f.Confidence, f.Summary)
					}
				}
			}
		})
	}
}

func allowedAlone(dir, capture, rule string) bool {
	for _, row := range aloneToo {
		if row.dir == dir && row.capture == capture && row.rule == rule {
			return true
		}
	}
	return false
}

// TestText: no line of a text report is wider than 100 columns, and all are
// ASCII where they go to a file.
func TestText(t *testing.T) {
	if raceDetector {
		t.Skip("one goroutine, and minutes: the run without the race detector has it")
	}
	for _, dir := range corpusCases(t, corpusRoot) {
		for _, flag := range []string{"--brief", "--color=never"} {
			lines := strings.Split(runOK(t, flag, dir), "\n")
			for _, line := range lines {
				assert.LessOrEqual(t, len([]rune(line)), maxWidth, "%s: %s", dir, line)
				assert.True(t, plainASCII(line), "%s: %q", dir, line)
			}
			if flag == "--brief" {
				assert.LessOrEqual(t, len(lines), 25, dir)
			}
		}
	}
}

// TestSameBytes: the same input gives the same bytes, in every format.
func TestSameBytes(t *testing.T) {
	for _, args := range [][]string{{goodFolder}, {"--format", "json", goodFolder}, {"--format", "ndjson", goodFolder}, {"decode", "--format", "ndjson", goodFolder}} {
		first := runOK(t, args...)
		for range 3 {
			require.Equal(t, first, runOK(t, args...))
		}
	}
}

// TestFailOn: the status follows the gravest finding.
func TestFailOn(t *testing.T) {
	healthy := corpusRoot + "/all-carriers-healthy"
	for _, c := range []struct {
		severity, dir string
		status        int
	}{{"error", goodFolder, exitFailOn}, {"warning", goodFolder, exitFailOn}, {"note", goodFolder, exitFailOn}, {"error", healthy, exitOK}, {"warning", healthy, exitOK}} {
		_, errs, status := execute(t, "--fail-on", c.severity, c.dir)
		assert.Equal(t, c.status, status, "%s %s", c.severity, c.dir)
		assert.Empty(t, errs)
	}
}

// TestRuleFlags: --rule and --no-rule choose what is looked for.
func TestRuleFlags(t *testing.T) {
	const cause = "key-fault-one-identity"
	only := reportOf(t, "--rule", cause, goodFolder)
	require.NotEmpty(t, only.Findings)
	for _, f := range only.Findings {
		assert.Equal(t, cause, f.Rule)
	}
	for _, f := range reportOf(t, "--no-rule", cause, goodFolder).Findings {
		assert.NotEqual(t, cause, f.Rule)
	}
	few := reportOf(t, "--max-exchanges", "2", "--rule", "replay", goodFolder)
	assert.Len(t, few.Exchanges, 2)
	assert.NotZero(t, few.Totals.Omitted)
}

// TestStory: what the report on the seed story must say.
func TestStory(t *testing.T) {
	r := reportOf(t, goodFolder)
	require.NotEmpty(t, r.Findings)
	f := r.Findings[0]
	assert.Equal(t, "key-fault-one-identity", f.Rule)
	assert.Equal(t, analyze.Certain, f.Confidence)
	require.NotEmpty(t, f.FaultAt)
	require.NotNil(t, f.FaultAt[0].Endpoint)
	assert.Equal(t, "10.77.0.20", f.FaultAt[0].Endpoint.Address)
	outcomes := map[string]bool{}
	for _, e := range f.Evidence {
		for _, x := range r.Exchanges {
			for _, s := range x.Frames {
				if x.Kind == "AP" && s.Capture == e.Capture && s.Frame == e.Frame {
					outcomes[x.Outcome] = true
				}
			}
		}
	}
	assert.True(t, outcomes["ok"], "the accepted AP-REQ is evidence")
	assert.True(t, outcomes["refused"] || outcomes["error"], "the refused AP-REQ is evidence")
}

// notInCorpus lists the rules that no case of the corpus raises; the tests of
// package analyze raise them on traffic made by hand. The KDCs of the lab offer
var notInCorpus []string

// TestEveryRuleIsRaised: a rule is raised by a case of the corpus, or is listed
// as one that is not.
func TestEveryRuleIsRaised(t *testing.T) {
	if raceDetector {
		t.Skip("one goroutine, and minutes: the run without the race detector has it")
	}
	raised := map[string]bool{}
	for _, dir := range corpusCases(t, corpusRoot) {
		for _, args := range withKeytabs(t, dir) {
			for _, f := range reportOf(t, args...).Findings {
				raised[f.Rule] = true
			}
		}
	}
	for _, r := range analyze.Rules() {
		assert.NotEqual(t, raised[r.ID], slices.Contains(notInCorpus, r.ID), "%s: raised by a case: %v", r.ID, raised[r.ID])
	}
}
