package decode

// verdict is a probe's answer.
type verdict uint8

const (
	no       verdict = iota // not this carrier, whatever comes
	needMore                // cannot tell from these bytes yet
	yes
)

// dir is a direction of a connection.
type dir uint8

const (
	toServer dir = iota // from the end that began the connection (or is taken for it)
	toClient
)

func (d dir) other() dir { return 1 - d }

// A carrier is a protocol that Kerberos tokens travel in over TCP.
type carrier struct {
	name  string
	ports []uint16 // where its connections are followed from their first byte
	// probe looks at the first unread bytes of both directions (either may be
	// empty, or begin in mid-stream) and at the server's port.
	probe func(toServer, toClient []byte, port uint16) verdict
	// words: its results have names and no numbers.
	words bool
	// open makes the parser of one connection.
	open func(s *stream) parser
}

// A parser reads one connection of its carrier.
//
// feed is called when bytes, a gap or the end stand at the read position of
// direction d. It takes what it understands (s.bytes, s.discard, s.gap,
// s.skip), leaves an incomplete unit unread, and tells the stream what it
// found (s.token, s.result, s.offer, s.startTLS, …). It must make progress:
// what it leaves unread is offered again with the next bytes only.
type parser interface {
	feed(d dir)
}

// carriers is the list of carriers in probing order: those with a sure
// signature first. A new carrier is one file and one row here.
var carriers = []carrier{
	kdcCarrier,
	kpasswdCarrier,
	smb2Carrier,
	smbCarrier,
	dcerpcCarrier,
	ldapCarrier,
	httpCarrier,
	popCarrier, // before SMTP, which has AUTH too
	smtpCarrier,
	imapCarrier,
	sieveCarrier,
	xmppCarrier,
	amqpCarrier,
	nmfCarrier,
	nnsCarrier,
	rdpCarrier,
	tdsCarrier,
	dnsCarrier,
	rpcsecGSSCarrier,
	tlsCarrier,
}
