package main

import (
	"embed"
	"strings"
)

// The guides are what "kerbscope explain" prints besides rules. Set by hand,
// at most 100 columns.
//
//go:embed guides/*.txt
var guideTexts embed.FS

// guides is the list of them, with what each is about.
var guides = []struct{ name, about string }{
	{"capturing", "where and how to record, so that the captures tell something"},
	{"triage", "somebody sent a trace: from the files to the answer, and on to others"},
	{"hub", "watch live on the server where it fails, for minutes or for weeks"},
	{"regression", "your own captures as a test, in CI"},
}

func guideNames() (names []string) {
	for _, g := range guides {
		names = append(names, g.name)
	}
	return names
}

// guide is the text of a guide; "" for another name.
func guide(name string) string {
	for _, g := range guides {
		if g.name == name {
			text, err := guideTexts.ReadFile("guides/" + name + ".txt")
			if err != nil {
				panic(err) // embedded
			}
			return strings.ReplaceAll(string(text), "\r\n", "\n")
		}
	}
	return ""
}
