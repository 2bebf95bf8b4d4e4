//go:build !libpcap

package live

import (
	"net"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"kerbscope/capture"
)

// A device is a network interface as the kernel has it now.
type device struct {
	name     string
	index    int
	up       bool
	loopback bool
	hatype   uint16 // ARPHRD_
}

// findDevice looks up an interface by name.
func findDevice(fd int, name string) (device, error) {
	d := device{name: name}
	i, err := net.InterfaceByName(name)
	if err != nil {
		return d, err
	}
	d.index, d.up, d.loopback = i.Index, i.Flags&net.FlagUp != 0, i.Flags&net.FlagLoopback != 0
	req, err := unix.NewIfreq(name)
	if err != nil {
		return d, err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFHWADDR, req); err != nil {
		return d, err
	}
	d.hatype = req.Uint16() // sa_family of ifr_hwaddr
	return d, nil
}

// framing tells how packets of an interface are taken: with the link header
// that it has, or, where that is none that we know, cooked: without it, and
// with what the kernel knows of the packet in its place.
func framing(hatype uint16) (link capture.LinkType, cooked bool) {
	switch hatype {
	case unix.ARPHRD_ETHER, unix.ARPHRD_LOOPBACK:
		return capture.LinkEthernet, false
	case unix.ARPHRD_NONE, unix.ARPHRD_RAWIP: // tun, WireGuard; modems
		return capture.LinkRaw, false
	case unix.ARPHRD_IEEE80211:
		return capture.LinkWiFi, false
	case unix.ARPHRD_IEEE80211_PRISM:
		return capture.LinkPrism, false
	case unix.ARPHRD_IEEE80211_RADIOTAP:
		return capture.LinkRadiotap, false
	}
	return capture.LinkSLL2, true
}

// cardDrops reads what the driver says that it had to drop. Drivers use either
// counter for it.
func cardDrops(name string) uint64 {
	for _, counter := range []string{"rx_missed_errors", "rx_fifo_errors"} {
		text, err := os.ReadFile("/sys/class/net/" + name + "/statistics/" + counter)
		if err != nil {
			return 0
		}
		if n, _ := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64); n > 0 {
			return n
		}
	}
	return 0
}

func listInterfaces() ([]Interface, error) {
	list, err := netInterfaces()
	if err != nil {
		return nil, err
	}
	return append([]Interface{{Name: Any, Description: "all interfaces", Up: true}}, list...), nil
}
