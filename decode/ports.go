package decode

import "slices"

// Ports returns the ports that a capture needs for what the decoder reads by
// port: of TCP, those that are followed from the first byte and those of which
// a TLS ClientHello is all that is read; of UDP, those of KDC, kpasswd, DNS,
// CLDAP and ONC RPC.
func Ports() (tcp, tls, udp []uint16) {
	for p, class := range portClasses {
		switch class {
		case portCarrier:
			tcp = append(tcp, uint16(p))
		case portTLS:
			tls = append(tls, uint16(p))
		}
	}
	udp = append([]uint16{portKDC, portKpasswd, portDNS, portLDAP}, rpcsecGSSCarrier.ports...)
	slices.Sort(udp)
	return tcp, tls, udp
}

// Expects tells whether a TCP port is one that Ports lists.
func Expects(port uint16) bool { return portClasses[port] != portOther }
