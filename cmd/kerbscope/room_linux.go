package main

import "golang.org/x/sys/unix"

const hasLargePages = true

// wantLargePages asks for pages of 2 MiB for b. What does not get them works as well.
func wantLargePages(b []byte) { _ = unix.Madvise(b, unix.MADV_HUGEPAGE) }
