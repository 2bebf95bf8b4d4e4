//go:build !libpcap && (linux || darwin || freebsd || netbsd || openbsd)

package live

import (
	"net"
	"net/netip"
)

// netInterfaces lists the system's interfaces without a capture library.
func netInterfaces() ([]Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var list []Interface
	for _, n := range all {
		i := Interface{Name: n.Name, Up: n.Flags&net.FlagUp != 0, Loopback: n.Flags&net.FlagLoopback != 0}
		addrs, _ := n.Addrs() // one that goes away meanwhile has none
		for _, a := range addrs {
			if p, ok := a.(*net.IPNet); ok {
				if ip, ok := netip.AddrFromSlice(p.IP); ok {
					i.Addresses = append(i.Addresses, ip.Unmap())
				}
			}
		}
		list = append(list, i)
	}
	return list, nil
}
