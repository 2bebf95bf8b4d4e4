package decode

import (
	"encoding/binary"
	"net/netip"
	"net/url"
)

// nmfCarrier is .NET Message Framing [MC-NMF] (net.tcp, AD Web Services) with
// the upgrade to a NegotiateStream [MS-NNS] in it.
var nmfCarrier = carrier{
	name:  "nmf",
	ports: []uint16{808, 9389},
	probe: probeNMF,
	open:  func(s *stream) parser { return newNMF(s, "nns") },
}

// nnsCarrier is a NegotiateStream without a framing before it.
var nnsCarrier = carrier{
	name:  "nns",
	probe: probeNNS,
	open:  func(s *stream) parser { return newNMF(s, "") },
}

// Record types of [MC-NMF] §2.2.1.
const (
	nmfVersion         = 0
	nmfMode            = 1
	nmfVia             = 2
	nmfKnownEncoding   = 3
	nmfExtEncoding     = 4
	nmfUnsizedEnvelope = 5
	nmfSizedEnvelope   = 6
	nmfEnd             = 7
	nmfFault           = 8
	nmfUpgradeRequest  = 9
	nmfUpgradeResponse = 10
	nmfPreambleAck     = 11
	nmfPreambleEnd     = 12
)

// Message ids of a handshake, [MS-NNS] §2.2.1.
const (
	nnsDone       = 0x14
	nnsError      = 0x15
	nnsInProgress = 0x16
)

// maxNMFRecord bounds a record of a preamble.
const maxNMFRecord = 1 << 12

type nmfParser struct {
	framed
	within   string  // of the rows: "nns" inside a framing
	upgraded [2]bool // what follows in this direction is a NegotiateStream
	tried    bool    // a token of the client was told of
	judged   bool    // the server gave its last word
	accepted bool
}

func newNMF(s wire, within string) *nmfParser {
	p := &nmfParser{framed: framed{s: s}, within: within}
	if within == "" {
		p.upgraded = [2]bool{true, true}
	}
	return p
}

func (p *nmfParser) feed(d dir) { p.run(d, p) }

func (p *nmfParser) missed(d dir) {}

// resync finds a frame of a handshake.
func (p *nmfParser) resync(d dir, b []byte) (int, bool) {
	for i := range b {
		switch nnsFrame(b[i:]) {
		case yes:
			return i, true
		case needMore:
			return i, false
		}
	}
	return len(b), false
}

func (p *nmfParser) unit(d dir, b []byte, last bool) int {
	switch {
	case isTLSRecord(b): // the upgrade application/ssl-tls
		p.over = true
		p.s.startTLS(d, 0)
		return 0
	case p.accepted && d == toServer && nnsFrame(b) == no:
		p.over = true
		p.s.afterAuth(d, 0)
		p.s.idle()
		return 0
	}
	begins := b[0] >= nnsDone && b[0] <= nnsInProgress // a frame of a handshake, or a TLS record
	if begins && len(b) < 3 {
		return 0
	}
	if p.upgraded[d] && (b[0] != nmfFault || p.judged) || begins {
		return p.handshake(d, b, last)
	}
	n, v := nmfRecord(b)
	switch {
	case v == needMore && len(b) <= maxNMFRecord && !last:
		return 0
	case v != yes:
		p.lost[d] = true
		return 1
	case b[0] == nmfUpgradeResponse:
		p.upgraded[d] = d == toClient
	case b[0] == nmfUpgradeRequest && d == toServer:
		_, at := nmfSize(b[1:])
		p.upgraded[d] = string(b[1+at:n]) == "application/negotiate"
	case b[0] == nmfVia && d == toServer:
		_, at := nmfSize(b[1:])
		p.via(b[1+at : n])
	case b[0] == nmfFault && d == toClient && p.tried && !p.judged:
		_, at := nmfSize(b[1:])
		p.judged = true
		p.s.result(d, 0, n, 0, Result{Outcome: Refused, CodeName: "fault", Text: text(b[1+at : n])})
	case b[0] == nmfSizedEnvelope || b[0] == nmfUnsizedEnvelope:
		// Messages without an upgrade: what authenticates there is in SOAP.
		p.over = true
		p.s.idle()
		return 0
	}
	return n
}

// via takes the server's name as the client calls it: net.tcp://host:9389/path.
func (p *nmfParser) via(b []byte) {
	u, err := url.Parse(text(b))
	if err != nil {
		return
	}
	host := u.Hostname()
	if _, err := netip.ParseAddr(host); err != nil && hostLike(host) {
		p.s.name(toClient, 0, host, "nmf-via")
	}
}

// handshake reads a frame of a handshake: message id, version 1.0, length,
// token, [MS-NNS] §2.2.1. What is none are the data that follow it.
func (p *nmfParser) handshake(d dir, b []byte, last bool) int {
	switch nnsFrame(b) {
	case no:
		if p.tried || p.accepted || p.judged {
			p.over = true
			p.s.idle()
			return 0
		}
		p.lost[d] = true
		return 1
	case needMore:
		return 0
	}
	n := 5 + int(binary.BigEndian.Uint16(b[3:]))
	if len(b) < n && !last {
		return 0
	}
	n = min(n, len(b))
	tok := b[5:n]
	if b[0] == nnsError {
		if d == toClient && !p.judged {
			p.judged = true
			p.s.result(d, 0, n, 0, nnsRefusal(tok))
		}
		return n
	}
	if d == toServer && p.judged {
		p.judged, p.accepted = false, false
	}
	if len(tok) > 0 {
		p.s.token(d, 5, len(tok), tok, tokenAt{within: p.within})
		p.tried = true
	}
	switch {
	case d == toServer:
	case b[0] == nnsDone && !p.judged:
		p.judged, p.accepted = true, true
		p.s.result(d, 0, n, 0, Result{Outcome: Accepted, Code: nnsDone, CodeName: "HandshakeDone"})
	case b[0] == nnsInProgress:
		p.s.result(d, 0, n, 0, Result{Outcome: Continue, Code: nnsInProgress, CodeName: "HandshakeInProgress"})
	}
	return n
}

// nnsRefusal reads a HandshakeError: eight bytes, the error in the last four.
func nnsRefusal(b []byte) Result {
	r := Result{Outcome: Refused, CodeName: "HandshakeError"}
	if len(b) >= 8 {
		code := binary.BigEndian.Uint32(b[4:])
		r.Code = int64(code)
		if name := securityStatus(code); name != "" {
			r.CodeName = name
		}
	}
	return r
}

// nnsFrame tells whether b begins a frame of a handshake. A token begins as GSS
// or NTLM tokens do; an error has eight bytes.
func nnsFrame(b []byte) verdict {
	switch {
	case b[0] < nnsDone || b[0] > nnsInProgress:
		return no
	case len(b) > 1 && b[1] != 1, len(b) > 2 && b[2] != 0:
		return no
	case len(b) < 5:
		return needMore
	}
	n := int(binary.BigEndian.Uint16(b[3:]))
	switch {
	case b[0] == nnsError:
		if n == 8 {
			return yes
		}
		return no
	case n == 0:
		return yes
	case len(b) == 5:
		return needMore
	}
	switch b[5] {
	case 0x60, 0xa1, 0x6e, 0x6f, 0x7e, 'N':
		return yes
	}
	return no
}

// nmfSize reads a size in groups of seven bits, the lowest first, [MC-NMF]
// §2.2.2; 0 bytes when it is not there.
func nmfSize(b []byte) (size, n int) {
	for i := range min(len(b), 5) {
		size |= int(b[i]&0x7f) << (7 * i)
		if b[i]&0x80 == 0 {
			return size, i + 1
		}
	}
	return 0, 0
}

// nmfRecord is the length of the record at the start of b.
func nmfRecord(b []byte) (int, verdict) {
	n := 0
	switch b[0] {
	case nmfVersion:
		n = 3
	case nmfMode, nmfKnownEncoding:
		n = 2
	case nmfEnd, nmfUpgradeResponse, nmfPreambleAck, nmfPreambleEnd, nmfUnsizedEnvelope:
		n = 1
	case nmfSizedEnvelope: // nothing in it is read
		n = 1
	case nmfVia, nmfExtEncoding, nmfFault, nmfUpgradeRequest:
		size, at := nmfSize(b[1:])
		switch {
		case at == 0 && len(b) < 6:
			return 0, needMore
		case at == 0 || size > maxNMFRecord:
			return 0, no
		}
		n = 1 + at + size
	default:
		return 0, no
	}
	if n > len(b) {
		return 0, needMore
	}
	return n, yes
}

// probeNMF knows a preamble: version 1.0, a mode, and a via; and on its ports
// a frame of a handshake.
func probeNMF(up, down []byte, port uint16) verdict {
	const preamble = "\x00\x01\x00\x01"
	home := port == 808 || port == 9389
	half := func(b []byte, up bool) verdict {
		if len(b) == 0 {
			return needMore
		}
		if n := min(len(b), len(preamble)); up && string(b[:n]) == preamble[:n] {
			switch {
			case len(b) < 6:
				return needMore
			case b[4] >= 1 && b[4] <= 4 && b[5] == nmfVia:
				return yes
			}
			return no
		}
		if home {
			if v := nnsFrame(b); v != no {
				return v
			}
		}
		if !up && b[0] >= nmfFault && b[0] <= nmfPreambleAck && (len(b) == 1 || b[0] == nmfUpgradeResponse && b[1] == nnsInProgress) {
			return needMore
		}
		return no
	}
	return bothWays(half(up, true), half(down, false), len(up) > 0, len(down) > 0)
}

// probeNNS knows a NegotiateStream by a frame with a token in it.
func probeNNS(up, down []byte, _ uint16) verdict {
	half := func(b []byte) verdict {
		switch {
		case len(b) == 0:
			return needMore
		case b[0] != nnsInProgress && b[0] != nnsDone && b[0] != nnsError:
			return no
		case len(b) >= 5 && b[3] == 0 && b[4] == 0:
			return needMore
		}
		return nnsFrame(b)
	}
	return bothWays(half(up), half(down), len(up) > 0, len(down) > 0)
}

// securityStatuses are the SECURITY_STATUS values that an acceptor gives
// ([MS-ERREF] §2.1), and the Win32 codes that a NegotiateStream says of an
// account that it does not trust ([MS-ERREF] §2.2).
var securityStatuses = []struct {
	code uint32
	name string
}{
	{0x80090300, "SEC_E_INSUFFICIENT_MEMORY"}, {0x80090301, "SEC_E_INVALID_HANDLE"}, {0x80090302, "SEC_E_UNSUPPORTED_FUNCTION"},
	{0x80090303, "SEC_E_TARGET_UNKNOWN"}, {0x80090304, "SEC_E_INTERNAL_ERROR"}, {0x80090305, "SEC_E_SECPKG_NOT_FOUND"},
	{0x80090306, "SEC_E_NOT_OWNER"}, {0x80090308, "SEC_E_INVALID_TOKEN"}, {0x8009030c, "SEC_E_LOGON_DENIED"},
	{0x8009030d, "SEC_E_UNKNOWN_CREDENTIALS"}, {0x8009030e, "SEC_E_NO_CREDENTIALS"}, {0x8009030f, "SEC_E_MESSAGE_ALTERED"},
	{0x80090310, "SEC_E_OUT_OF_SEQUENCE"}, {0x80090311, "SEC_E_NO_AUTHENTICATING_AUTHORITY"}, {0x80090317, "SEC_E_CONTEXT_EXPIRED"},
	{0x80090318, "SEC_E_INCOMPLETE_MESSAGE"}, {0x80090322, "SEC_E_WRONG_PRINCIPAL"}, {0x80090324, "SEC_E_TIME_SKEW"},
	{0x80090328, "SEC_E_CERT_EXPIRED"}, {0x80090330, "SEC_E_DECRYPT_FAILURE"}, {0x80090331, "SEC_E_ALGORITHM_MISMATCH"},
	{0x80090341, "SEC_E_KDC_UNABLE_TO_REFER"}, {0x80090342, "SEC_E_KDC_UNKNOWN_ETYPE"}, {0x80090343, "SEC_E_UNSUPPORTED_PREAUTH"},
	{0x80090346, "SEC_E_BAD_BINDINGS"}, {0x80090363, "SEC_E_POLICY_NLTM_ONLY"},
	{5, "ERROR_ACCESS_DENIED"}, {1326, "ERROR_LOGON_FAILURE"}, {1790, "ERROR_TRUSTED_RELATIONSHIP_FAILURE"},
}

// securityStatus is the name of a SECURITY_STATUS, "" when it is not known.
func securityStatus(code uint32) string {
	for _, s := range securityStatuses {
		if s.code == code {
			return s.name
		}
	}
	return ""
}
