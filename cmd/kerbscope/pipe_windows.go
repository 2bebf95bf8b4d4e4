package main

import (
	"errors"
	"syscall"

	"golang.org/x/sys/windows"
)

func ignoreBrokenPipe() {}

// isBrokenPipe tells that the reader of the result went away, as in "| more".
func isBrokenPipe(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, windows.ERROR_BROKEN_PIPE) || errors.Is(err, windows.ERROR_NO_DATA)
}
