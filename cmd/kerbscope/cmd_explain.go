package main

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"kerbscope/analyze"
)

// explain prints a rule's documentation, a guide, or the list of both.
func (a *app) explain(args []string) int {
	f := newFlags("explain")
	color := f.String("color", "auto", "")
	if err := f.Parse(args); err != nil {
		if err == pflag.ErrHelp {
			return a.print(usageExplain)
		}
		return a.fail(flagError("explain", err))
	}
	if f.NArg() > 1 {
		return a.fail(&failure{exitUsage, "explain takes one rule", "see: kerbscope explain -h"})
	}
	p := &page{screen: screenOf(a.stdout, *color)}
	switch name := strings.ToLower(f.Arg(0)); {
	case name == "":
		explainList(p)
	case guide(name) != "":
		p.b.WriteString(guide(name))
	default:
		// The id of a finding names its rule as well: key-mismatch/1a2b3c4d.
		id, _, _ := strings.Cut(name, "/")
		r := findRule(id)
		if r == nil {
			return a.fail(unknownTopic(f.Arg(0)))
		}
		explainRule(p, r)
	}
	return a.read(p.b.String())
}

func findRule(id string) *analyze.Rule {
	for _, r := range analyze.Rules() {
		if r.ID == id {
			return r
		}
	}
	return nil
}

// unknownRule is the message for a rule id that does not exist.
func unknownRule(id string) error {
	return &failure{exitUsage, "no rule " + quote(id), didYouMean(id, ruleIDs(), "the list: kerbscope explain")}
}

// unknownTopic is the message for what explain knows nothing of.
func unknownTopic(name string) error {
	names := append(guideNames(), ruleIDs()...)
	return &failure{exitUsage, "no rule and no guide " + quote(name), didYouMean(name, names, "the list: kerbscope explain")}
}

func ruleIDs() (ids []string) {
	for _, r := range analyze.Rules() {
		ids = append(ids, r.ID)
	}
	return ids
}

func explainList(p *page) {
	rules := analyze.Rules()
	width := 0
	for _, r := range rules {
		width = max(width, len(r.ID))
	}
	p.line(p.paint(styleBold, "RULES") + "  what kerbscope can find, in the order in which causes are looked for")
	for _, r := range rules {
		p.hang("  "+pad(r.ID, width)+"  "+pad(string(r.Severity), 7)+"  ", p.ours(r.Title))
	}
	p.blank()
	p.line("One of them: kerbscope explain RULE")
	p.blank()
	p.line(p.paint(styleBold, "GUIDES"))
	for _, g := range guides {
		p.hang("  "+pad(g.name, width)+"  ", g.about)
	}
}

func explainRule(p *page, r *analyze.Rule) {
	p.hangStyled(r.ID+"  ", styleBold, p.ours(r.Title))
	p.line(fmt.Sprintf("usually: %s; since version %s", r.Severity, r.Since))
	for _, text := range strings.Split(r.Doc, "\n\n") {
		p.blank()
		p.para(2, p.ours(text))
	}
	section := func(title string, list []string, numbered bool) {
		if len(list) == 0 {
			return
		}
		p.heading(title, "")
		if numbered {
			p.steps(list)
		} else {
			p.bullets(list)
		}
	}
	section("WHAT ELSE COULD LOOK THE SAME", r.Rivals, false)
	section("WHAT TO DO", r.Fix, true)
	section("TO UNDO", r.Undo, false)
	var events []string
	for _, e := range r.Events {
		events = append(events, fmt.Sprintf("%s, %s, %s: %s", e.Host, e.Log, e.ID, e.Meaning))
	}
	section("EVENT LOGS", events, false)
	section("SOURCES", r.Refs, false)
}
