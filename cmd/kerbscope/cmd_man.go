package main

import (
	"fmt"
	"strings"
)

// man prints the manual page, made of the usage texts.
func (a *app) man(args []string) int {
	if len(args) == 1 && (args[0] == "-h" || args[0] == "--help") {
		return a.print(usageMan)
	}
	if len(args) > 0 {
		return a.fail(&failure{exitUsage, "man takes nothing", "see: kerbscope man -h"})
	}
	return a.print(manPage())
}

// manPage is the manual in the man macros, which man and mandoc read.
func manPage() string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH KERBSCOPE 1 \"\" %s \"User Commands\"\n", manQuoted("kerbscope "+release))
	b.WriteString(".SH NAME\nkerbscope \\- finds out from packet captures why Kerberos fails\n.SH SYNOPSIS\n")
	u := readUsage(usageMain)
	manSynopsis(&b, u.synopsis)
	b.WriteString(".SH DESCRIPTION\n")
	for _, block := range u.blocks {
		manBlock(&b, block)
	}
	for _, c := range commands() {
		if c.usage == "" {
			continue
		}
		fmt.Fprintf(&b, ".SH %s\n", strings.ToUpper(c.name))
		u := readUsage(c.usage)
		manSynopsis(&b, u.synopsis)
		for _, block := range u.blocks {
			manBlock(&b, block)
		}
	}
	b.WriteString(".SH ENVIRONMENT\n")
	for _, v := range [][2]string{
		{"NO_COLOR", "when set and not empty: no colour"},
		{"PAGER", "what explain is read in on a terminal; less when it is not set, nothing when it is empty or cat"},
		{"GOMEMLIMIT", "memory at which to collect garbage harder, for example 1GiB"},
	} {
		fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", v[0], manText(v[1]))
	}
	b.WriteString(".SH \"SEE ALSO\"\n.BR tshark (1),\n.BR dumpcap (1),\n.BR klist (1)\n")
	return b.String()
}

func manSynopsis(b *strings.Builder, lines []string) {
	b.WriteString(".nf\n")
	for _, l := range lines {
		b.WriteString(manText(l) + "\n")
	}
	b.WriteString(".fi\n")
}

func manBlock(b *strings.Builder, block usageBlock) {
	if block.heading != "" {
		fmt.Fprintf(b, ".SS %s\n", manQuoted(block.heading))
	}
	for _, f := range block.flags {
		c := completedFlag{usageFlag: f}
		b.WriteString(".TP\n")
		var names []string
		for _, n := range c.names() {
			names = append(names, `\fB`+manText(n)+`\fR`)
		}
		s := strings.Join(names, ", ")
		if f.value != "" {
			s += ` \fI` + manText(f.value) + `\fR`
		}
		b.WriteString(s + "\n" + manText(f.text) + "\n")
	}
	if len(block.lines) == 0 {
		return
	}
	indented := false
	for _, l := range block.lines {
		indented = indented || strings.HasPrefix(l, "  ")
	}
	if block.heading == "" {
		b.WriteString(".PP\n")
	}
	if indented { // as it stands
		b.WriteString(".nf\n")
	}
	for _, l := range block.lines {
		b.WriteString(manText(l) + "\n")
	}
	if indented {
		b.WriteString(".fi\n")
	}
}

// manText is text as roff reads it.
func manText(s string) string {
	s = strings.NewReplacer(`\`, `\e`, `-`, `\-`, `'`, `\(aq`, "`", "\\(ga", `^`, `\(ha`, `~`, `\(ti`).Replace(s)
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	return s
}

func manQuoted(s string) string {
	return `"` + strings.ReplaceAll(manText(s), `"`, `\(dq`) + `"`
}
