package main

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// An output is where the result goes: standard output, or a file that appears
// under its name when it is complete.
type output struct {
	*bufio.Writer
	w    io.Writer // standard output or the file, for asking what it is
	file *os.File  // nil: standard output
	path string    // the name that file gets; empty: it has it already
}

// pending are the temporary files of the command that is running, so that a
// signal can take them away.
var pending struct {
	sync.Mutex
	paths map[string]bool
}

func setPending(path string) {
	pending.Lock()
	defer pending.Unlock()
	if pending.paths == nil {
		pending.paths = map[string]bool{}
	}
	pending.paths[path] = true
}

// dropTemporary removes the temporary files that there are.
func dropTemporary() {
	pending.Lock()
	defer pending.Unlock()
	for path := range pending.paths {
		os.Remove(path)
		delete(pending.paths, path)
	}
}

// openOutput opens the result's file before the work begins, so that a folder
// that cannot be written is told at once. name "" or "-" is standard output.
// Pipes and devices are written as they are.
func (a *app) openOutput(name string, inputs []string) (*output, error) {
	return a.openOutputMode(name, inputs, 0o666)
}

// openOutputMode is openOutput for a file of that mode, whatever mode one in its
// place has.
func (a *app) openOutputMode(name string, inputs []string, mode os.FileMode) (*output, error) {
	if name == "" || name == "-" {
		return &output{Writer: bufio.NewWriterSize(a.stdout, 64<<10), w: a.stdout}, nil
	}
	cannot := func(err error) error {
		return &failure{exitWrite, "cannot write " + name + ": " + plainError(err), ""}
	}
	path := name
	if real, err := filepath.EvalSymlinks(name); err == nil {
		path = real
	}
	if st, err := os.Stat(path); err == nil {
		for _, in := range inputs {
			if other, err := os.Stat(in); err == nil && os.SameFile(st, other) {
				return nil, &failure{exitUsage, "the output " + name + " is also an input", "name another file with --output"}
			}
		}
		if st.IsDir() {
			return nil, &failure{exitWrite, "cannot write " + name + ": it is a folder", "name a file in it with --output"}
		}
		if !st.Mode().IsRegular() {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				return nil, cannot(err)
			}
			return &output{Writer: bufio.NewWriterSize(f, 64<<10), w: f, file: f}, nil
		}
	}
	var suffix [6]byte
	rand.Read(suffix[:])
	temporary := path + "." + hex.EncodeToString(suffix[:]) + temporaryEnd
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, cannot(err)
	}
	setPending(temporary)
	return &output{Writer: bufio.NewWriterSize(f, 64<<10), w: f, file: f, path: path}, nil
}

const temporaryEnd = ".tmp"

// outputName is the file that an error of writing it is about, as people named
// it; "the result" for standard output.
func outputName(err error) string {
	var at *fs.PathError
	if !errors.As(err, &at) || at.Path == os.Stdout.Name() {
		return "the result"
	}
	if whole, ok := strings.CutSuffix(at.Path, temporaryEnd); ok && len(whole) > 13 {
		return whole[:len(whole)-13] // a dot and six bytes in hex
	}
	return at.Path
}

// commit writes out what is buffered and gives the file its name.
func (o *output) commit() error {
	err := o.Flush()
	if o.file == nil {
		return err
	}
	if e := o.file.Close(); err == nil {
		err = e
	}
	if o.path == "" {
		return err
	}
	pending.Lock()
	defer pending.Unlock()
	if err == nil && pending.paths[o.file.Name()] {
		err = os.Rename(o.file.Name(), o.path)
	}
	if err != nil {
		os.Remove(o.file.Name())
	}
	delete(pending.paths, o.file.Name())
	return err
}

// abandon leaves no file behind.
func (o *output) abandon() {
	if o.file != nil {
		o.file.Close()
	}
	if o.path == "" {
		return
	}
	pending.Lock()
	defer pending.Unlock()
	if name := o.file.Name(); pending.paths[name] {
		os.Remove(name)
		delete(pending.paths, name)
	}
}
