package capture

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// StandardInput is the argument, and the Input.Path, that stands for standard input.
const StandardInput = "-"

// ErrNoCapture is in the Err of an Input whose folder or glob holds no capture.
var ErrNoCapture = errors.New("no capture file in it")

// ErrStdinTwice says that standard input was named more than once.
var ErrStdinTwice = errors.New("standard input (-) can be read only once")

// An Input is one capture to be read.
type Input struct {
	Label string // the capture's name in reports; no two inputs have the same
	Path  string // StandardInput, or a file
	Set   int    // inputs of the same ring set have the same number, not 0; 0: a capture of its own
	Err   error  // why this argument gives nothing to read: the operating system's error, or ErrNoCapture

	labelled bool
}

// Expand turns CAPTURE arguments into inputs, in the order given: a file, a
// folder (the captures directly in it, told by content, in name order), a
// glob, StandardInput, or any of them with a label (label=path). An argument
// that exists is that file or folder, whatever characters it holds. What
// cannot be found is an Input with Err, so that the others are still read;
// the error is of the arguments as a whole (ErrStdinTwice).
func Expand(args []string) ([]Input, error) {
	var ins []Input
	stdin := 0
	for _, arg := range args {
		label, path := splitLabel(arg)
		found := expandPath(path)
		for i := range found {
			in := &found[i]
			if in.Path == StandardInput {
				stdin++
			}
			if label == "" {
				continue
			}
			in.Label, in.labelled = label, true
			if len(found) > 1 {
				in.Label = label + "/" + filepath.Base(in.Path)
			}
		}
		ins = append(ins, found...)
	}
	if stdin > 1 {
		return nil, ErrStdinTwice
	}
	nameInputs(ins)
	return ins, nil
}

// splitLabel takes label=path apart. A name that exists is no label, and a
// label holds no path separator.
func splitLabel(arg string) (label, path string) {
	if _, err := os.Lstat(arg); err == nil {
		return "", arg
	}
	label, path, ok := strings.Cut(arg, "=")
	if !ok || label == "" || path == "" || strings.ContainsAny(label, `/\`) {
		return "", arg
	}
	return label, path
}

func expandPath(path string) []Input {
	if path == StandardInput {
		return []Input{{Path: path}}
	}
	st, err := os.Stat(path)
	switch {
	case err == nil && st.IsDir():
		return expandFolder(path)
	case err == nil, !errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(path, "*?["):
		return []Input{{Path: path}} // if it cannot be opened, opening it says why
	case strings.ContainsAny(path, "*?["):
		return expandGlob(path)
	}
	return []Input{{Path: path, Err: err}}
}

func expandFolder(dir string) []Input {
	entries, err := os.ReadDir(dir) // in name order
	if err != nil {
		return []Input{{Path: dir, Err: err}}
	}
	var ins []Input
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if holdsPackets(path) {
			ins = append(ins, Input{Path: path})
		}
	}
	if len(ins) == 0 {
		return []Input{{Path: dir, Err: fmt.Errorf("%s: %w", dir, ErrNoCapture)}}
	}
	return ins
}

// expandGlob takes every file that matches, as a shell would: one that is no
// capture was asked for all the same. Folders are left out.
func expandGlob(pattern string) []Input {
	names, err := filepath.Glob(pattern)
	if err != nil {
		return []Input{{Path: pattern, Err: err}}
	}
	var ins []Input
	for _, n := range names {
		if st, err := os.Stat(n); err == nil && st.IsDir() {
			continue
		}
		ins = append(ins, Input{Path: n})
	}
	if len(ins) == 0 {
		return []Input{{Path: pattern, Err: fmt.Errorf("%s: %w", pattern, ErrNoCapture)}}
	}
	return ins
}

// holdsPackets tells a capture by its content, also one of a format that is
// recognised but not read, and a file that may not be opened: leaving those out
// without a word would mislead.
func holdsPackets(path string) bool {
	if st, err := os.Stat(path); err != nil || !st.Mode().IsRegular() {
		return false
	}
	src, err := Open(path)
	if err == nil {
		src.Close()
		return true
	}
	var fe *FormatError
	return errors.As(err, &fe) && fe.Capture || errors.Is(err, fs.ErrPermission)
}

// nameInputs gives every input its name: its label, else its base name, else
// as much of the end of its path as tells it from the others.
func nameInputs(ins []Input) {
	depth := make([]int, len(ins))
	for i := range ins {
		depth[i] = 1
	}
	for grown := true; grown; {
		grown = false
		taken := map[string]int{}
		for i := range ins {
			if !ins[i].labelled {
				ins[i].Label = pathEnd(ins[i].Path, depth[i])
			}
			taken[ins[i].Label]++
		}
		for i := range ins {
			if !ins[i].labelled && taken[ins[i].Label] > 1 && pathEnd(ins[i].Path, depth[i]+1) != ins[i].Label {
				depth[i]++
				grown = true
			}
		}
	}
	// What is left is the same path, or the same label, twice.
	seen := map[string]bool{}
	for i := range ins {
		name := ins[i].Label
		for n := 2; seen[ins[i].Label]; n++ {
			ins[i].Label = fmt.Sprintf("%s (%d)", name, n)
		}
		seen[ins[i].Label] = true
	}
}

// pathEnd returns the last n elements of a path, with slashes.
func pathEnd(path string, n int) string {
	if path == StandardInput {
		return "stdin"
	}
	path = filepath.ToSlash(filepath.Clean(path))
	parts := strings.Split(path, "/")
	if n >= len(parts) {
		return path
	}
	return strings.Join(parts[len(parts)-n:], "/")
}
