//go:build !linux

package main

// dropPrivileges does nothing: what a capture needs elsewhere cannot be told
// from what it does not.
func dropPrivileges() error { return nil }
