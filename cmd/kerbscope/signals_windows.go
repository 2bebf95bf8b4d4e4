package main

import "os"

// reportSignal is told nothing: Windows has no such signal.
func reportSignal() (<-chan os.Signal, func()) { return nil, func() {} }

func hangupSignal() (<-chan os.Signal, func()) { return nil, func() {} }
