//go:build !libpcap && !linux && !(windows && amd64) && !darwin && !freebsd && !netbsd && !openbsd

package live

import "runtime"

func noSource() error {
	e := &NoSourceError{What: "this build cannot capture on " + runtime.GOOS + "/" + runtime.GOARCH}
	if e.Hint = "record with tcpdump or dumpcap and give kerbscope the file, or follow it while it grows"; runtime.GOOS == "windows" {
		e.Hint = "the windows/amd64 build captures with Npcap, and runs on Windows on Arm as well; or record with pktmon or netsh trace and give kerbscope the .etl"
	}
	return e
}

func openSource(*Options) (source, error) { return nil, noSource() }

func listInterfaces() ([]Interface, error) { return nil, noSource() }
