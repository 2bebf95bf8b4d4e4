package main

import (
	"regexp"
	"strings"
)

// A usageFlag is one flag as a usage text has it.
type usageFlag struct {
	short, long string // without dashes; either may be empty
	value       string // what it takes, "" for nothing
	text        string // what it does
}

// A usageText is the usage text of a command taken apart, for completion and
// the manual.
type usageText struct {
	synopsis []string
	blocks   []usageBlock
}

// A usageBlock is a paragraph, or a list of flags or words under a heading.
type usageBlock struct {
	heading string
	lines   []string    // of a paragraph or an example
	flags   []usageFlag // of a list
}

var (
	flagLine = regexp.MustCompile(`^ {2,8}-`)
	flagSpec = regexp.MustCompile(`^(?:-(\w)|--([\w-]+))(?: (.+))?$`)
)

// readUsage takes a usage text apart.
func readUsage(text string) (u usageText) {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for len(lines) > 0 && (strings.HasPrefix(lines[0], "Usage: ") || strings.HasPrefix(lines[0], "       ")) {
		u.synopsis = append(u.synopsis, strings.TrimSpace(strings.TrimPrefix(lines[0], "Usage: ")))
		lines = lines[1:]
	}
	var b usageBlock
	end := func() {
		for i := len(b.flags) - 2; i >= 0; i-- { // what several do stands behind the last
			if b.flags[i].text == "" {
				b.flags[i].text = b.flags[i+1].text
			}
		}
		if b.heading != "" || len(b.lines) > 0 || len(b.flags) > 0 {
			u.blocks = append(u.blocks, b)
		}
		b = usageBlock{}
	}
	for _, l := range lines {
		switch {
		case l == "":
			end()
		case flagLine.MatchString(l):
			b.flags = append(b.flags, readFlags(l)...)
		case len(b.flags) > 0 && strings.HasPrefix(l, "         "):
			last := &b.flags[len(b.flags)-1].text
			*last = strings.TrimSpace(*last + " " + strings.TrimSpace(l))
		case len(b.lines) == 0 && len(b.flags) == 0 && strings.HasSuffix(l, ":") && len(l) < 40 && !strings.HasPrefix(l, " "):
			b.heading = strings.TrimSuffix(l, ":")
		default:
			b.lines = append(b.lines, l)
		}
	}
	end()
	return u
}

// secondFlag is where a further flag stands behind what the first does, in a
// column of its own.
var secondFlag = regexp.MustCompile(` {2,}-`)

// readFlags reads a line of a list: flags, two blanks, what they do. A short
// flag and the long one behind it are one; "-r FILE --follow" are two.
func readFlags(line string) (list []usageFlag) {
	line = strings.TrimSpace(line)
	specs, text, _ := strings.Cut(line, "  ")
	text = strings.TrimSpace(text)
	var more []usageFlag
	if at := secondFlag.FindStringIndex(text); at != nil {
		text, more = strings.TrimSpace(text[:at[0]]), readFlags(text[at[0]:])
	}
	for _, s := range strings.Split(strings.ReplaceAll(strings.TrimSuffix(specs, ","), " --", ", --"), ", ") {
		m := flagSpec.FindStringSubmatch(strings.TrimSuffix(s, ","))
		if m == nil {
			continue
		}
		if n := len(list); n > 0 && m[2] != "" && list[n-1].long == "" && list[n-1].value == "" {
			list[n-1].long, list[n-1].value = m[2], m[3]
			continue
		}
		list = append(list, usageFlag{short: m[1], long: m[2], value: m[3]})
	}
	for i := range list {
		list[i].text = text
	}
	return append(list, more...)
}

// flags are all flags of a usage text, -h among them.
func (u *usageText) flags() (list []usageFlag) {
	for _, b := range u.blocks {
		list = append(list, b.flags...)
	}
	return append(list, usageFlag{short: "h", long: "help", text: "prints the usage"})
}

// commandText is what the main usage says of a command.
func commandText(name string) string {
	for l := range strings.Lines(usageMain) {
		names, text, ok := strings.Cut(strings.TrimPrefix(l, "  "), "  ")
		texts := strings.Split(text, "; ")
		for i, n := range strings.Split(names, ", ") {
			if ok && n == name && strings.HasPrefix(l, "  ") {
				if len(strings.Split(names, ", ")) > 1 {
					text = texts[min(i, len(texts)-1)]
				}
				return strings.TrimSpace(text)
			}
		}
	}
	return ""
}
