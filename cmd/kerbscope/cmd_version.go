package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// release is the version under development; a build of a tagged module says
// its own.
const release = "0.1.0-dev"

// stamped is the version that a release build sets (-ldflags -X main.stamped=…).
var stamped string

func (a *app) version(args []string) int {
	if len(args) > 0 {
		if args[0] == "-h" || args[0] == "--help" {
			return a.print(usageVersion)
		}
		return a.fail(&failure{exitUsage, "version takes no argument", "see: kerbscope version -h"})
	}
	version, commit := release, "unknown"
	if b, ok := debug.ReadBuildInfo(); ok {
		if v := b.Main.Version; v != "" && v != "(devel)" {
			version = v
		}
		changed := ""
		for _, s := range b.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				changed = " with changes"
			}
		}
		commit += changed
	}
	if stamped != "" {
		version = stamped
	}
	return a.print(fmt.Sprintf("kerbscope %s\ncommit %s\n%s %s/%s\nlive capture: not in this build\n", version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH))
}
