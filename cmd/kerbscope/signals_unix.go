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
