//go:build !libpcap && !linux && !(windows && (amd64 || arm64)) && !darwin && !freebsd && !netbsd && !openbsd

package live

import "runtime"

// SourceName is what this build captures with, in words.
const SourceName = "not in this build"

func noSource() error {
	return &NoSourceError{What: "this build cannot capture on " + runtime.GOOS + "/" + runtime.GOARCH,
		Hint: "the builds for Linux, macOS, BSD and 64-bit Windows can; or record with tcpdump or dumpcap and give kerbscope the file"}
}

func openSource(*Options) (source, error) { return nil, noSource() }

func listInterfaces() ([]Interface, error) { return nil, noSource() }
