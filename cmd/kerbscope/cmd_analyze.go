package main

import (
	"errors"
	"io/fs"
	"net/netip"
	"slices"
	"strings"

	"kerbscope/analyze"
	"kerbscope/capture"
)

// analyze is the main job: all captures, one report.
func (a *app) analyze(args []string) int {
	s, help, err := parseInput("analyze", args)
	if help {
		return a.print(usageAnalyze)
	}
	if err != nil {
		return a.fail(err)
	}
	o := analyze.Options{MaxExchanges: s.maxExchanges, MaxFlows: s.maxFlows, Share: s.memory.share(usualMemory, 0), Stdin: a.stdin}
	s.memory.limitMemory()
	if o.Roles, err = roles(s.roles); err != nil {
		return a.fail(err)
	}
	if o.Rules, err = chosenRules(s.rules, s.noRules); err != nil {
		return a.fail(err)
	}
	if err := a.ask(s); err != nil {
		return a.fail(err)
	}
	inputs, err := a.inputs(s)
	if err != nil {
		return a.fail(err)
	}
	out, err := a.openOutput(s.output, s.paths(inputs))
	if err != nil {
		return a.fail(err)
	}
	var partial int
	o.Keys, partial = a.keys(s)
	p := a.progress(s.quiet, inputs)
	o.Progress = p.update
	s.memory.makeRoom(inputs)
	report, problems := analyze.Investigate(a.ctx, inputs, o)
	p.stop()
	if a.ctx.Err() != nil {
		out.abandon()
		return exitPartial
	}
	for _, problem := range problems {
		partial = a.fail(readFailure(problem))
	}
	if err := writeReport(out, report, s); err != nil {
		out.abandon()
		return combine(a.written(err), partial)
	}
	return combine(a.written(out.commit()), partial, failOn(report, s.failOn))
}

func writeReport(out *output, r *analyze.Report, s *settings) error {
	switch s.format {
	case "json":
		return writeReportJSON(out, r)
	case "ndjson":
		return writeReportLines(out, r)
	case "html":
		return writeReportHTML(out, r)
	}
	_, err := out.WriteString(reportText(r, screenOf(out.w, s.color), s.brief))
	return err
}

// failOn is the status that --fail-on asks for.
func failOn(r *analyze.Report, severity string) int {
	grave := map[analyze.Severity]int{analyze.Error: 3, analyze.Warning: 2, analyze.Note: 1}
	for _, f := range r.Findings {
		if severity != "" && grave[f.Severity] >= grave[analyze.Severity(severity)] {
			return exitFailOn
		}
	}
	return exitOK
}

// readFailure is the message for an input that could not be read, or only in part.
func readFailure(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return inputFailure(capture.Input{Path: path.Path}, err)
	}
	var format *capture.FormatError
	if errors.As(err, &format) || errors.Is(err, capture.ErrNoCapture) {
		return inputFailure(capture.Input{}, err)
	}
	return &failure{status: exitPartial, what: err.Error()}
}

// roleNames are the roles of --role; dc is another word for kdc.
var roleNames = []string{"mailbox", "hub", "kdc", "dc", "client", "service"}

// roles reads the values of --role: ROLE=ADDR.
func roles(values []string) (map[string][]string, error) {
	out := map[string][]string{}
	for _, v := range values {
		role, address, ok := strings.Cut(v, "=")
		role, address = strings.ToLower(role), strings.TrimSpace(address)
		if !ok || address == "" {
			return nil, &failure{exitUsage, "--role " + quote(v), "it is --role ROLE=ADDR, for example --role hub=10.0.0.20"}
		}
		if !slices.Contains(roleNames, role) {
			return nil, &failure{exitUsage, "no role " + quote(role), didYouMean(role, roleNames, "the roles are mailbox, hub, kdc, dc, client and service")}
		}
		if role == "dc" {
			role = "kdc"
		}
		if ip, err := netip.ParseAddr(strings.Trim(address, "[]")); err == nil {
			address = ip.Unmap().WithZone("").String()
		}
		out[role] = append(out[role], address)
	}
	return out, nil
}

// chosenRules are the rules that --rule and --no-rule leave; nil for all.
func chosenRules(only, without []string) ([]*analyze.Rule, error) {
	for _, id := range slices.Concat(only, without) {
		if findRule(id) == nil {
			return nil, unknownRule(id)
		}
	}
	if len(only) == 0 && len(without) == 0 {
		return nil, nil
	}
	chosen := []*analyze.Rule{}
	for _, r := range analyze.Rules() {
		if (len(only) == 0 || slices.Contains(only, r.ID)) && !slices.Contains(without, r.ID) {
			chosen = append(chosen, r)
		}
	}
	return chosen, nil
}
