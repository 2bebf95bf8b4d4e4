//go:build !windows

package main

// systemServices is nil: init systems have unit files instead.
func systemServices() serviceManager { return nil }

// asService runs kerbscope under the system's service manager; false: it was
// not started by one.
func asService() (status int, ran bool) { return 0, false }
