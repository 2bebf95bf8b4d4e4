package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Exit statuses.
const (
	exitOK      = 0
	exitFailOn  = 1 // a finding of the severity that --fail-on names
	exitUsage   = 2 // bad usage
	exitPartial = 3 // some input could not be read, or only in part
	exitCapture = 4 // live capture could not start or broke off
	exitWrite   = 5 // the result could not be written
)

// combine gives the exit status when several apply.
func combine(statuses ...int) int {
	for _, s := range []int{exitWrite, exitCapture, exitUsage, exitFailOn, exitPartial} {
		for _, have := range statuses {
			if have == s {
				return s
			}
		}
	}
	return exitOK
}

// A failure is a message for people, with the exit status that it leads to
// and, where there is something to do about it, a hint.
type failure struct {
	status int
	what   string
	hint   string
}

func (f *failure) Error() string { return f.what }

// fail prints a failure to standard error and returns its status.
func (a *app) fail(err error) int {
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{exitUsage, err.Error(), ""}
	}
	a.shown.clear()
	fmt.Fprintf(a.stderr, "kerbscope: error: %s\n", escape(f.what))
	if f.hint != "" {
		fmt.Fprintf(a.stderr, "kerbscope: hint: %s\n", escape(f.hint))
	}
	return f.status
}

// plainError is an operating system error without the system call's name and
// the path, which the message around it gives.
func plainError(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	var l *os.LinkError
	if errors.As(err, &l) {
		return l.Err.Error()
	}
	return err.Error()
}

// withoutPath is an error's text without the path that the message around it
// begins with.
func withoutPath(path string, err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return strings.TrimPrefix(err.Error(), path+": ")
}
