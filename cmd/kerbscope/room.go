package main

import (
	"os"
	"runtime"

	"kerbscope/capture"
)

const (
	// heapRoom is about what the heap of a long run grows to.
	heapRoom = 112 << 20
	// longInput is how many bytes of captures make a run long: less is read
	// before making room has paid.
	longInput = 48 << 20
)

// makeRoom lets the heap of a long run grow at once, in large pages where the
// system gives them to those who ask: of small ones it would take 30,000, and
// connections are looked up all over them. None of it is in use yet, nor taken
// from the system before it is. --max-memory says how much may be, so then the heap
// grows as it must.
func (m memorySize) makeRoom(inputs []capture.Input) {
	if m != 0 || !ownProcess || !hasLargePages || !long(inputs) {
		return
	}
	room := make([]byte, heapRoom)
	wantLargePages(room)
	runtime.KeepAlive(room)
	runtime.GC() // it is free again, and stays in such pages
}

// long tells whether there is much to read, as far as files tell.
func long(inputs []capture.Input) bool {
	sum := int64(0)
	for _, in := range inputs {
		if in.Path == capture.StandardInput {
			continue
		}
		if info, err := os.Stat(in.Path); err == nil && info.Mode().IsRegular() {
			sum += info.Size()
		}
	}
	return sum >= longInput
}
