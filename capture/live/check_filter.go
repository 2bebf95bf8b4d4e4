//go:build !libpcap && !windows

package live

import "kerbscope/capture/live/filter"

func checkFilter(text string) error {
	_, err := filter.Parse(text)
	return err
}
