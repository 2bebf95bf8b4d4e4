package decode

import "net/netip"

// A Sighting is a fact that is no Kerberos message and that rules need.
type Sighting struct {
	Kind  SightingKind
	Frame FrameID
	// Frames are all frames of the fact (each SYN of an unanswered
	// connection, each fragment), ascending.
	Frames    []FrameID
	Time      int64
	Src, Dst  netip.AddrPort // of the packet, or of the connection the fact is about (client to server)
	Transport Transport
	Name      string       // DNS: the question's name, in an ICMP error the quoted one's, "" when cut; CLDAP: DC host name
	Addrs     []netip.Addr // DNS: addresses answered
	Target    string       // DNS: CNAME or SRV target; ICMP: who said it
	Targets   []string     // DNS: all SRV targets, when there are several
	Code      int          // DNS rcode, ICMP type<<8|code
	Count     int          // packets that make up the fact (SYNs sent, fragments present)
	// BothWays: the capture holds packets of both directions between the two hosts.
	BothWays bool
}

// SightingKind tells what was seen.
type SightingKind uint8

// The facts that are kept.
const (
	DNSAnswer     SightingKind = iota + 1 // a DNS response: Name, Addrs, Target, Code
	CLDAPAnswer                           // a DC locator answer over UDP 389: Name
	ICMPError                             // an ICMP error quoting a packet of Src to Dst
	SYNUnanswered                         // TCP to a KDC or carrier port, no SYN-ACK
	SYNRefused                            // the SYN was answered by RST
	FragmentsLost                         // a datagram to or from a KDC port whose fragments never completed
	StreamGap                             // bytes of a Kerberos-carrying stream that were not captured
)
