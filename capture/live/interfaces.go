package live

import "net/netip"

// An Interface is one that this system can capture on.
type Interface struct {
	Name        string
	Description string // in words, where the system has any
	Addresses   []netip.Addr
	Up          bool
	Loopback    bool
}

// Interfaces lists what Open can capture on: Any first where there is that,
// then the system's order.
func Interfaces() ([]Interface, error) { return listInterfaces() }
