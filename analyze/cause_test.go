package analyze

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCausesHaveNoCycle(t *testing.T) {
	next := map[string][]string{}
	seen := map[[2]string]share{}
	for _, row := range causes {
		assert.NotEqual(t, row.cause, row.effect)
		assert.NotZero(t, row.share, "%s, %s: what they share", row.cause, row.effect)
		other, twice := seen[[2]string{row.cause, row.effect}]
		assert.False(t, twice && other == row.share, "%s, %s stands twice", row.cause, row.effect)
		seen[[2]string{row.cause, row.effect}] = row.share
		next[row.effect] = append(next[row.effect], row.cause)
	}
	state := map[string]int{}
	var walk func(string, []string)
	walk = func(id string, path []string) {
		require.NotEqual(t, 1, state[id], "a cycle: %v %s", path, id)
		if state[id] == 2 {
			return
		}
		state[id] = 1
		for _, n := range next[id] {
			walk(n, append(path, id))
		}
		state[id] = 2
	}
	for id := range next {
		walk(id, nil)
	}
	assert.NotContains(t, next["kdc-offers-no-aes"], "ntlm-fallback")
	for _, row := range causes {
		assert.NotEqual(t, "ntlm-fallback", row.cause, "a symptom, never a cause")
	}
}

// finding is a rule that finds f.
func finding(id string, sev Severity, f Finding) *Rule {
	return &Rule{ID: id, Severity: sev, Fix: []string{"fix"}, Check: func(*Case) []Finding {
		f.Evidence = []Evidence{{Capture: "a.pcap", Frame: 1, Field: "error_code", Value: 1}}
		f.Confidence = Certain
		return []Finding{f}
	}}
}

func TestFindingsAreLinkedAndOrdered(t *testing.T) {
	c := newSynth(t).joined()
	at := func(client, service, server string, first int64) Finding {
		return Finding{Client: client, Service: service, Count: 1, first: first, last: first + 1e9,
			Subject: Subject{Client: client, ClientIP: "10.0.0.30", Service: service, Server: server}}
	}
	rules := []*Rule{
		finding("clock-skew", Error, at("x", "other/host@R", "10.0.0.99:1", 5e9)),
		finding("client-offers-no-aes", Warning, Finding{Client: "alice@R", first: 1, last: 2, Subject: Subject{Client: "alice@R", ClientIP: "10.0.0.30", KDC: "10.0.0.10"}}),
		finding("etype-nosupp", Error, Finding{Client: "alice@R", first: 3, last: 4, Subject: Subject{Client: "alice@R", ClientIP: "10.0.0.30", KDC: "10.0.0.10"}}),
		finding("key-fault-one-identity", Error, at("", "smtp/hub@R", "10.0.0.20:25", 2e9)),
		finding("same-ticket-two-outcomes", Error, at("alice@R", "SMTP/hub@R", "10.0.0.20:25", 2e9)),
		finding("ap-refused", Error, at("alice@R", "smtp/hub@R", "10.0.0.20:25", 3e9)),
		finding("ntlm-fallback", Warning, at("alice@R", "", "10.0.0.20:2525", 4e9)),
		finding("rc4-in-use", Note, Finding{Client: "bob@R", Subject: Subject{Client: "bob@R"}}),
	}
	list := c.Findings(rules)
	var got [][2]string
	rule := map[string]string{"": ""}
	for _, f := range list {
		rule[f.ID] = f.Rule
	}
	for _, f := range list {
		got = append(got, [2]string{f.Rule, rule[f.BecauseOf]})
	}
	assert.Equal(t, [][2]string{
		{"clock-skew", ""},
		{"client-offers-no-aes", ""}, // an error by what it causes
		{"etype-nosupp", "client-offers-no-aes"},
		{"key-fault-one-identity", ""},
		{"same-ticket-two-outcomes", "key-fault-one-identity"},
		{"ap-refused", "same-ticket-two-outcomes"},
		{"ntlm-fallback", "ap-refused"},
		{"rc4-in-use", ""},
	}, got)
	assert.Equal(t, Error, list[1].Severity)
	assert.Equal(t, []string{"fix"}, list[0].Fix)
	assert.Regexp(t, `^clock-skew/[0-9a-f]{8}$`, list[0].ID)
}

func TestCauseNeedsTimeAndSubject(t *testing.T) {
	c := newSynth(t).joined()
	link := func(change func(cause, effect *Finding), sev Severity) string {
		cause := Finding{Service: "smtp/hub@R", first: 1e9, last: 2e9, Subject: Subject{ClientIP: "10.0.0.30", Service: "smtp/hub@R", Server: "10.0.0.20:25"}}
		effect := cause
		change(&cause, &effect)
		for _, f := range c.Findings([]*Rule{finding("stale-keytab", sev, cause), finding("key-mismatch", Error, effect)}) {
			if f.Rule == "key-mismatch" {
				return f.BecauseOf
			}
		}
		return "none"
	}
	assert.NotEmpty(t, link(func(*Finding, *Finding) {}, Error))
	assert.Empty(t, link(func(a, b *Finding) { b.Subject.Server = "10.0.0.20:26" }, Error), "another endpoint")
	assert.Empty(t, link(func(a, b *Finding) { b.Subject.Service = "" }, Error), "unknown is not the same")
	assert.Empty(t, link(func(a, b *Finding) { b.first, b.last = 0, 5e8 }, Error), "over before the cause began")
	assert.Empty(t, link(func(*Finding, *Finding) {}, Note), "what healed explains nothing that stayed")
}

func TestFindingsOfOneSubjectAreOne(t *testing.T) {
	c := newSynth(t).joined()
	rule := &Rule{ID: "key-mismatch", Severity: Error, Check: func(*Case) []Finding {
		var list []Finding
		for i, sev := range []Severity{Note, Error} {
			list = append(list, Finding{Client: "a@R", Service: "s/h@R", Severity: sev, Confidence: Likely, Summary: string(sev), Count: 2, first: int64(10 - i), last: int64(20 + i),
				Subject: Subject{Server: "10.0.0.20:25"}, Evidence: []Evidence{{Capture: "a", Frame: uint64(i + 1), Field: "error_code", Value: 31}}})
		}
		return append(list, Finding{Client: "a@R", Summary: "nothing to show"})
	}}
	list := c.Findings([]*Rule{rule})
	require.Len(t, list, 1)
	assert.Equal(t, Error, list[0].Severity)
	assert.Equal(t, "error", list[0].Summary)
	assert.EqualValues(t, 4, list[0].Count)
	assert.Len(t, list[0].Evidence, 2)
	assert.EqualValues(t, 9, list[0].first)
	assert.EqualValues(t, 21, list[0].last)
}
