//go:build !linux && !libpcap && !windows

package live

func listInterfaces() ([]Interface, error) { return netInterfaces() }
