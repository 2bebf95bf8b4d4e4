package main

import (
	"encoding/binary"
	"slices"
	"strings"

	"kerbscope/capture"
)

// A blindSpot is where decode finds messages and tshark 4.0 does not, with the
// reason why decode is right.
type blindSpot struct {
	is        func(*row) bool
	why       string
	sometimes bool // tshark shows some of them
	rare      bool // the corpus need not have one
}

var blindSpots = []blindSpot{
	{is: cutShort, sometimes: true, why: "a message that the snap length cut: tshark shows those at a KDC, with what is whole of them, and none in a carrier; decode tells the type and what is there"},
	{is: inCarrier("smtp"), why: "tshark does not look into AUTH GSSAPI and X-EXPS lines of SMTP"},
	{is: inCarrier("imap", "pop", "sieve", "xmpp", "amqp"), why: "tshark does not look into the SASL of IMAP, POP3, ManageSieve, XMPP and AMQP"},
	{is: inCarrier("raw"), rare: true, why: "tshark looks for Kerberos on registered ports only; the bytes are a Kerberos message from first to last"},
	{is: func(r *row) bool { return r.Carrier[0] == "dcerpc" && r.MsgType == "KRB-ERROR" },
		why: "tshark shows the auth trailer of a bind_ack with auth_type 16 undissected when the GSS token holds a KRB-ERROR (token id 03 00, RFC 4121 section 4.1)", sometimes: true},
	{is: func(r *row) bool { return r.Carrier[0] == "tds" && r.MsgType != "AP-REQ" }, why: "tshark calls a packet malformed that holds an SSPI token of the server (0xED, [MS-TDS] section 2.2.7.22)"},
	{is: unusualPort, sometimes: true, why: "tshark looks for LDAP, HTTP and SMB on registered ports only, unless a conversation there looks like one to a heuristic"},
	{is: insideProxy, sometimes: true, why: "tshark shows one Negotiate header of a request, the proxy's or the server's, and no HTTP behind a CONNECT"},
	{is: inCarrier("rpcsec_gss"), why: "tshark shows the token of an RPCSEC_GSS_INIT of programs that it does not know as bytes", sometimes: true},
}

func inCarrier(names ...string) func(*row) bool {
	return func(r *row) bool { return slices.Contains(names, r.Carrier[0]) }
}

// unusualPort tells a message of LDAP, HTTP or SMB at a port that is not theirs.
func unusualPort(r *row) bool {
	ports := map[string][]uint16{"ldap": {389, 3268}, "http": {80, 3128, 8080, 5985, 593}, "smb2": {445, 139}, "smb": {445, 139}}[r.Carrier[0]]
	return ports != nil && !slices.Contains(ports, r.SPort) && !slices.Contains(ports, r.DPort)
}

// insideProxy tells a message of HTTP to or through a proxy.
func insideProxy(r *row) bool {
	return r.Carrier[0] == "http" && (r.SPort == 3128 || r.DPort == 3128)
}

// cutShort tells a message of which the capture holds the start only. Its
// fields are not compared: where tshark shows half a name, decode shows none,
// since half a name is another name.
func cutShort(r *row) bool {
	return slices.ContainsFunc(r.Anomalies, func(a rowAnomaly) bool { return strings.HasPrefix(a.What, "truncated: ") })
}

// datagrams is a pcap of raw IPv4 in which each message is one datagram from
// UDP port 88.
func datagrams(messages [][]byte) []byte {
	le, be := binary.LittleEndian, binary.BigEndian
	b := le.AppendUint32(nil, 0xa1b2c3d4)
	b = le.AppendUint16(le.AppendUint16(b, 2), 4)
	b = le.AppendUint32(le.AppendUint32(le.AppendUint32(le.AppendUint32(b, 0), 0), 1<<18), uint32(capture.LinkIPv4))
	for i, m := range messages {
		n := 20 + 8 + len(m)
		b = le.AppendUint32(le.AppendUint32(le.AppendUint32(le.AppendUint32(b, uint32(i)), 0), uint32(n)), uint32(n))
		b = append(b, 0x45, 0)
		b = be.AppendUint16(b, uint16(n))
		b = append(b, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2)
		b = be.AppendUint16(be.AppendUint16(b, 88), uint16(1024+i))
		b = append(be.AppendUint16(b, uint16(8+len(m))), 0, 0)
		b = append(b, m...)
	}
	return b
}
