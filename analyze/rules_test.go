package analyze

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A want is a finding as a synthetic case must raise it: rule, severity and
// confidence, joined by spaces; a leading "-" says that the rule is silent.
type want []string

// A ruleCase is what happened, and what must and must not be found.
type ruleCase struct {
	name string
	do   func(*synth)
	want want
}

func runRuleCases(t *testing.T, cases []ruleCase) {
	t.Helper()
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			s := newSynth(t)
			tc.do(s)
			found := s.found()
			for _, w := range tc.want {
				if id, ok := strings.CutPrefix(w, "-"); ok {
					require.NotNil(t, RuleByID(id), id)
					for _, f := range found[id] {
						assert.Fail(t, "raised "+id, "%s %s: %s", f.Severity, f.Confidence, f.Summary)
					}
					continue
				}
				p := strings.Fields(w)
				require.NotNil(t, RuleByID(p[0]), p[0])
				if !assert.NotEmpty(t, found[p[0]], "not raised: %s; raised: %v", p[0], raised(found)) {
					continue
				}
				f := found[p[0]][0]
				assert.Equal(t, p[1]+" "+p[2], string(f.Severity)+" "+string(f.Confidence), "%s: %s", p[0], f.Summary)
			}
		})
	}
}

func raised(found map[string][]Finding) (list []string) {
	for _, r := range Rules() {
		for _, f := range found[r.ID] {
			list = append(list, r.ID+" "+string(f.Severity)+" "+string(f.Confidence))
		}
	}
	return list
}

func TestRulesAreDocumented(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Rules() {
		t.Run(r.ID, func(t *testing.T) {
			assert.False(t, seen[r.ID], "twice")
			seen[r.ID] = true
			assert.NotEmpty(t, r.Title)
			assert.False(t, strings.HasSuffix(r.Title, "."), "the title is no sentence")
			assert.LessOrEqual(t, len(r.Title), 100)
			assert.Greater(t, len(r.Doc), 100)
			assert.GreaterOrEqual(t, len(r.Rivals), 3)
			assert.NotEmpty(t, r.Fix)
			assert.NotEmpty(t, r.Refs)
			assert.NotEmpty(t, r.Since)
			assert.Contains(t, []Severity{Error, Warning, Note}, r.Severity)
			require.NotNil(t, r.Check)
			for _, text := range append(append([]string{r.Title, r.Doc}, r.Rivals...), r.Fix...) {
				for i := range len(text) {
					require.True(t, text[i] >= 0x20 && text[i] < 0x7f || text[i] == '\n' || text[i] > 0x7f, "control character in %q", text)
				}
			}
			file := "rule_" + strings.ReplaceAll(r.ID, "-", "_") + ".go"
			src, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Contains(t, string(src), `"`+r.ID+`"`)
		})
	}
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, f := range files {
		n := f.Name()
		if strings.HasPrefix(n, "rule_") && !strings.HasSuffix(n, "_test.go") {
			id := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(n, "rule_"), ".go"), "_", "-")
			assert.NotNil(t, RuleByID(id), "%s is no rule of the list", n)
		}
	}
	assert.Nil(t, RuleByID("no-such-rule"))
}

// An explanation goes from the transport to the symptom.
func TestRuleOrder(t *testing.T) {
	at := map[string]int{}
	for i, r := range Rules() {
		at[r.ID] = i
	}
	chain := []string{"kdc-unreachable", "clock-skew", "client-unknown", "etype-nosupp", "spn-unknown", "ticket-downgrade", "key-fault-one-identity", "key-mismatch", "replay", "ap-refused", "ntlm-fallback"}
	for i := 1; i < len(chain); i++ {
		assert.Less(t, at[chain[i-1]], at[chain[i]], "%s before %s", chain[i-1], chain[i])
	}
}

func TestFillIn(t *testing.T) {
	steps := []string{`setspn -Q SPN; HKLM\SYSTEM /v NAME`, "SPNS and the SPN, SPN=1"}
	assert.Equal(t, []string{`setspn -Q http/x; HKLM\SYSTEM /v NAME`, "SPNS and the http/x, SPN=1"}, fillIn(steps, []string{"SPN", "http/x", "NAME", ""}))
	reset := []string{"Set-ADAccountPassword ACCOUNT -Reset; Set-ADUser NAME"}
	assert.Equal(t, []string{"Set-ADAccountPassword ACCOUNT -Reset; Set-ADComputer HUB-1$"}, fillIn(reset, accountFill("HUB-1$")))
	assert.Equal(t, []string{"Set-ADAccountPassword frank -Reset; Set-ADUser frank"}, fillIn(reset, accountFill("frank")))
	assert.Equal(t, steps, fillIn(steps, nil))
	either := []string{"Set-ADUser NAME -Clear X (a computer: Set-ADComputer); log on"}
	assert.Equal(t, []string{"Set-ADUser NAME -Clear X (a computer: Set-ADComputer); log on"}, fillIn(either, []string{"SPN", "http/x"}))
	assert.Equal(t, []string{"Set-ADUser frank -Clear X; log on"}, fillIn(either, accountFill("frank")), "the account's kind is known")
	assert.Equal(t, []string{"Set-ADComputer HUB-1$ -Clear X; log on"}, fillIn(either, accountFill("HUB-1$")))
}

// Nothing is found where nothing happened.
func TestRulesOnNothing(t *testing.T) {
	assert.Empty(t, newSynth(t).found())
}
