package main

import (
	"errors"
	"slices"

	"kerbscope/capture"
)

// inputs turns the CAPTURE arguments into the files to read; those of a ring
// set stand together.
func (a *app) inputs(s *settings) ([]capture.Input, error) {
	in, err := capture.Expand(s.captures)
	if errors.Is(err, capture.ErrStdinTwice) {
		return nil, &failure{exitUsage, err.Error(), "name - once"}
	}
	if err != nil {
		return nil, &failure{exitUsage, err.Error(), ""}
	}
	capture.MarkRings(in)
	return in, nil
}

// paths lists every file that the output must not replace.
func (s *settings) paths(inputs []capture.Input) []string {
	paths := slices.Concat(s.keytabs, s.keyFiles, s.passwordFiles)
	for _, in := range inputs {
		paths = append(paths, in.Path)
	}
	return paths
}
