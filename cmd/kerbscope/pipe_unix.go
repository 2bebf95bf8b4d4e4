//go:build unix

package main

import (
	"errors"
	"os/signal"
	"syscall"
)

func ignoreBrokenPipe() { signal.Ignore(syscall.SIGPIPE) }

// isBrokenPipe tells that the reader of the result went away, as in "| head".
func isBrokenPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
