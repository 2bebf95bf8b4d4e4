package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"kerbscope/capture/live"
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
	commit := "unknown"
	if b, ok := debug.ReadBuildInfo(); ok {
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
	return a.print(fmt.Sprintf("kerbscope %s\ncommit %s\n%s %s/%s\nlive capture: %s\n", versionText(), commit, runtime.Version(), runtime.GOOS, runtime.GOARCH, live.SourceName))
}

// versionText is the version alone.
func versionText() string {
	if stamped != "" {
		return stamped
	}
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" && b.Main.Version != "(devel)" {
		return b.Main.Version
	}
	return release
}
