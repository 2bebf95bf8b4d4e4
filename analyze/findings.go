package analyze

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// keepEvidence is the most evidence of one finding, however many were merged
// into it.
const keepEvidence = 24

// Findings runs the given rules (in explanation order) over the joined Case
// and returns what they found: merged by subject, linked to causes, roots
// first and each followed by what it causes. It changes nothing.
func (c *Case) Findings(rules []*Rule) []Finding {
	found := make([][]Finding, len(rules))
	for i, rule := range rules {
		found[i] = c.check(rule)
	}
	return c.explain(rules, found)
}

// check runs one rule: what it found, but for what has nothing in the captures
// to show for it. Several may run at the same time.
func (c *Case) check(rule *Rule) []Finding {
	list := rule.Check(c)
	for i := range list {
		f := &list[i]
		f.Rule = rule.ID
		if cmp.Or(f.Severity, rule.Severity) == Error && !f.endTold {
			c.mended(f)
		}
		c.complete(f, rule)
		c.nearLoss(f)
		f.rows = nil // a finding outlives the Case
	}
	return slices.DeleteFunc(list, func(f Finding) bool { return len(f.Evidence) == 0 })
}

// explain puts together what each of the rules found.
func (c *Case) explain(rules []*Rule, found [][]Finding) []Finding {
	var list []*Finding
	order := map[string]int{}
	byID := map[string]*Finding{}
	for i, rule := range rules {
		order[rule.ID] = i
		for _, f := range found[i] {
			if o := byID[f.ID]; o != nil {
				o.mergeFinding(&f)
				continue
			}
			n := f
			byID[f.ID] = &n
			list = append(list, &n)
		}
	}
	c.link(list)
	before := func(a, b *Finding) int {
		return cmp.Or(
			cmp.Compare(severityRank(a.Severity), severityRank(b.Severity)),
			cmp.Compare(confidenceRank(a.Confidence), confidenceRank(b.Confidence)),
			cmp.Compare(order[a.Rule], order[b.Rule]),
			cmp.Compare(b.Count, a.Count),
			cmp.Compare(a.first, b.first),
			cmp.Compare(a.ID, b.ID),
		)
	}
	slices.SortStableFunc(list, before)
	effects := map[string][]*Finding{}
	for _, f := range list {
		effects[f.BecauseOf] = append(effects[f.BecauseOf], f)
	}
	out := make([]Finding, 0, len(list))
	var add func(f *Finding)
	add = func(f *Finding) {
		out = append(out, *f)
		for _, e := range effects[f.ID] {
			add(e)
		}
	}
	for _, f := range effects[""] {
		add(f)
	}
	return out
}

// complete fills in what the rule left to its documentation and to us.
func (c *Case) complete(f *Finding, rule *Rule) {
	if f.Severity == "" {
		f.Severity = rule.Severity
	}
	if f.Confidence == "" {
		f.Confidence = Possible
	}
	if f.Fix == nil {
		f.Fix = c.steps.fill(rule.Fix, f.fill)
	}
	if f.Undo == nil {
		f.Undo = c.steps.fill(rule.Undo, f.fill)
	}
	if f.Events == nil {
		f.Events = rule.Events
	}
	f.Count = max(f.Count, 1)
	f.First, f.Last = stamp(f.first), stamp(f.last)
	if f.Filter == "" {
		f.Filter = c.filter(f)
	}
	f.ID = rule.ID + "/" + findingHash(f)
}

// findingHash identifies a finding's subject: the same trouble has the same
// hash tomorrow and in every capture of it. At an acceptor the client is its
// address: whose ticket it presents shows only where the ticket was issued.
func findingHash(f *Finding) string {
	if f.identity != "" {
		sum := sha256.Sum256([]byte(f.Rule + "\x00" + f.identity))
		return hex.EncodeToString(sum[:4])
	}
	client, at := f.Client, f.Subject.Server
	if at != "" && f.Subject.ClientIP != "" {
		client = f.Subject.ClientIP
	}
	if at == "" {
		at = f.Subject.KDC
	}
	if at == "" && len(f.FaultAt) > 0 {
		at = f.FaultAt[0].Host
		if e := f.FaultAt[0].Endpoint; e != nil {
			at = e.Address
		}
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{f.Rule, lower(client), lower(f.Service), at}, "\x00")))
	return hex.EncodeToString(sum[:4])
}

// mergeFinding takes in another finding of the same rule and subject; what the
// graver and surer one says stands.
func (f *Finding) mergeFinding(o *Finding) {
	if severityRank(o.Severity) < severityRank(f.Severity) || o.Severity == f.Severity && confidenceRank(o.Confidence) < confidenceRank(f.Confidence) {
		*f, *o = *o, *f
	}
	f.Count += o.Count
	f.first, f.last = min(f.first, o.first), max(f.last, o.last)
	f.First, f.Last = stamp(f.first), stamp(f.last)
	for _, e := range o.Evidence {
		if len(f.Evidence) >= keepEvidence {
			break
		}
		if !slices.ContainsFunc(f.Evidence, func(x Evidence) bool { return x.Capture == e.Capture && x.Frame == e.Frame && x.Field == e.Field }) {
			f.Evidence = append(f.Evidence, e)
		}
	}
	for _, t := range o.Subject.Tickets {
		f.Subject.Tickets = addOnce(f.Subject.Tickets, t)
	}
}

func severityRank(s Severity) int { return slices.Index([]Severity{Error, Warning, Note}, s) }

func confidenceRank(c Confidence) int {
	return slices.Index([]Confidence{Certain, Likely, Possible}, c)
}

// verdict is the first root finding, when it is an error or a warning.
func verdict(findings []Finding, captures []Capture, messages uint64) Verdict {
	for i := range findings {
		f := &findings[i]
		if f.BecauseOf != "" {
			continue
		}
		if f.Severity == Error || f.Severity == Warning {
			return Verdict{ID: f.ID, Rule: f.Rule, Severity: string(f.Severity), Confidence: string(f.Confidence), Summary: f.Summary}
		}
		break
	}
	where := "the captures"
	switch len(captures) {
	case 0:
	case 1:
		where = captures[0].Name
	default:
		names := make([]string, len(captures))
		for i := range captures {
			names[i] = captures[i].Name
		}
		where = join(names, 6)
	}
	unread := 0
	for i := range captures {
		if captures[i].Problem != "" && captures[i].Frames == 0 {
			unread++
		}
	}
	if unread > 0 && unread == len(captures) {
		return Verdict{Summary: "nothing could be read of " + where}
	}
	for i := range captures {
		if captures[i].Problem != "" {
			where = "what could be read of " + where
			break
		}
	}
	if messages == 0 {
		return Verdict{Summary: "no Kerberos traffic in " + where}
	}
	return Verdict{Summary: "no Kerberos problem found in " + where}
}
