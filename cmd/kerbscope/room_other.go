//go:build !linux

package main

// Elsewhere the system gives large pages by itself, or not at all.
const hasLargePages = false

func wantLargePages([]byte) {}
