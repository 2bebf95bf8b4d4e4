//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// reportSignal is told when somebody asks a capture for its report.
func reportSignal() (<-chan os.Signal, func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	return c, func() { signal.Stop(c) }
}

// hangupSignal is told when the terminal is gone, or when whoever rotates logs
// wants files opened again; not where the signal was ignored from the start
// (nohup).
func hangupSignal() (<-chan os.Signal, func()) {
	if signal.Ignored(syscall.SIGHUP) {
		return nil, func() {}
	}
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}
