package main

import (
	"embed"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// wiresharkProfile is a configuration profile: columns, colours, filter buttons.
//
//go:embed wireshark
var wiresharkProfile embed.FS

// wiresharkProfile writes the profile into a folder.
func (a *app) wiresharkProfile(args []string) int {
	if len(args) == 1 && (args[0] == "-h" || args[0] == "--help") {
		return a.print(usageWiresharkProfile)
	}
	if len(args) != 1 {
		return a.fail(&failure{exitUsage, "wireshark-profile takes one folder", "see: kerbscope wireshark-profile -h"})
	}
	cannot := func(err error) int {
		return a.fail(&failure{exitWrite, "cannot write the profile into " + args[0] + ": " + plainError(err), ""})
	}
	files, err := wiresharkProfile.ReadDir("wireshark")
	if err != nil {
		return cannot(err)
	}
	for _, f := range files {
		if _, err := os.Lstat(filepath.Join(args[0], f.Name())); !errors.Is(err, fs.ErrNotExist) {
			return a.fail(&failure{exitUsage, filepath.Join(args[0], f.Name()) + " is there already", "name a new folder, or remove that one"})
		}
	}
	if err := os.MkdirAll(args[0], 0o777); err != nil {
		return cannot(err)
	}
	for _, f := range files {
		b, err := wiresharkProfile.ReadFile("wireshark/" + f.Name())
		if err == nil {
			err = os.WriteFile(filepath.Join(args[0], f.Name()), b, 0o666)
		}
		if err != nil {
			return cannot(err)
		}
	}
	return exitOK
}
