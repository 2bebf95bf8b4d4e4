//go:build !linux && !libpcap

package live

import "runtime"

func openSource(o *Options) (source, error) {
	return nil, &NoSourceError{What: "this build cannot capture on " + runtime.GOOS}
}
