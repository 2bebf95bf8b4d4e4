// Kerbscope diagnoses Kerberos from packet captures: it reads what was
// recorded at a client, a service and a domain controller, and says what went
// wrong, where, how that is known, and what to do about it.
//
// This package is the command line: arguments in, text and JSON out. What the
// packets mean is decided in package analyze.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
)

// graceAfterSignal is how long a command may take to end by itself after
// SIGINT or SIGTERM: reading from a pipe cannot be interrupted.
const graceAfterSignal = 500 * time.Millisecond

// What kerbscope keeps is bounded by its own limits and fits below softMemory,
// where the garbage collector begins to work harder; well below, collecting
// seldom is cheaper.
const (
	softMemory = 144 << 20
	gcPercent  = 1600
)

// ownProcess tells that this process is kerbscope and nothing else: it may give
// up what it is allowed to do.
var ownProcess bool

func main() {
	ownProcess = true
	// A reader that goes away shows as EPIPE from then on, not as our death.
	ignoreBrokenPipe()
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if status, ran := asService(); ran {
		os.Exit(status)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		s := interrupted{status: 130}
		if <-signals == syscall.SIGTERM {
			s.status = 143
		}
		cancel(s)
		if !endsNormally.Load() {
			time.Sleep(graceAfterSignal)
		}
		if endsNormally.Load() { // or does by now: it had just begun
			<-signals // a second one is meant
		}
		dropTemporary()
		os.Exit(s.status)
	}()
	os.Exit(runContext(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// interrupted is the cause of a context that a signal ended.
type interrupted struct{ status int }

func (interrupted) Error() string { return "interrupted" }

// run is kerbscope without the process around it: it returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return runContext(context.Background(), args, stdin, stdout, stderr)
}

// An app is what a command may touch.
type app struct {
	ctx    context.Context
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	shown  *progress // nil: none
	// endsNormally: a signal ends the command with the status that it gives.
	endsNormally bool
}

// A command is one word of the command line.
type command struct {
	name  string
	usage string
	run   func(*app, []string) int
}

// commands is the list of commands.
func commands() []command {
	return []command{
		{"analyze", usageAnalyze, (*app).analyze},
		{"decode", usageDecode, (*app).decode},
		{"explain", usageExplain, (*app).explain},
		{"schema", usageSchema, (*app).schema},
		{"version", usageVersion, (*app).version},
		{"capture", usageCapture, (*app).capture},
		{"convert", usageConvert, (*app).convert},
		{"redact", usageRedact, (*app).redact},
		{"wireshark-profile", usageWiresharkProfile, (*app).wiresharkProfile},
		{"completion", usageCompletion, (*app).completion},
		{"man", usageMan, (*app).man},
		{"service", usageService, (*app).service},
	}
}

func findCommand(name string) *command {
	for _, c := range commands() {
		if c.name == name {
			return &c
		}
	}
	return nil
}

func runContext(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{ctx: ctx, stdin: stdin, stdout: stdout, stderr: stderr}
	status := a.dispatch(args)
	var s interrupted
	if !a.endsNormally && errors.As(context.Cause(ctx), &s) {
		return s.status
	}
	return status
}

func (a *app) dispatch(args []string) int {
	if len(args) == 0 {
		fmt.Fprint(a.stderr, usageMain)
		return exitUsage
	}
	switch args[0] {
	case "-h", "--help", "-?", "/?":
		return a.print(usageMain)
	case "-V", "--version":
		return a.version(args[1:])
	case "help":
		return a.help(args[1:])
	}
	if c := findCommand(args[0]); c != nil {
		return c.run(a, args[1:])
	}
	if err := misspelt(args[0]); err != nil {
		return a.fail(err)
	}
	return a.analyze(args)
}

// misspelt is the message for a first word that is no file, but nearly a
// command; nil for everything else.
func misspelt(word string) error {
	if strings.ContainsAny(word, `-./\:=*?[`) {
		return nil
	}
	if _, err := os.Lstat(word); err == nil {
		return nil
	}
	names := []string{"help"}
	for _, c := range commands() {
		names = append(names, c.name)
	}
	if n := nearest(word, names); n != "" {
		return &failure{exitUsage, "no command and no file " + quote(word), "did you mean kerbscope " + n + "?"}
	}
	return nil
}

// help prints the usage of the command named, or of all.
func (a *app) help(args []string) int {
	if len(args) == 0 {
		return a.print(usageMain)
	}
	c := findCommand(args[0])
	if c == nil {
		return a.fail(&failure{exitUsage, "no command " + quote(args[0]), "the commands are in: kerbscope -h"})
	}
	return a.print(c.usage)
}

// print writes text that is ready to standard output.
func (a *app) print(text string) int {
	_, err := io.WriteString(a.stdout, text)
	return a.written(err)
}

// written turns an error of writing the result into the exit status.
func (a *app) written(err error) int {
	if err == nil {
		return exitOK
	}
	if !isBrokenPipe(err) {
		a.fail(&failure{exitWrite, "cannot write " + outputName(err) + ": " + plainError(err), ""})
	}
	return exitWrite
}
