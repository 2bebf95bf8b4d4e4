package decode

import (
	"bytes"
	"net/netip"
	"strings"

	"kerbscope/decode/gss"
	"kerbscope/decode/krb5"
)

// httpCarrier is HTTP/1.x with Negotiate (RFC 4559), Kerberos, NTLM and other
// schemes, at the server and at proxies (RFC 9110 §11).
var httpCarrier = carrier{
	name:  "http",
	ports: []uint16{80, 8080, 3128, 5985, 8000, 47001},
	probe: probeHTTP,
	open:  func(s *stream) parser { return newHTTP(s) },
}

// Limits of one connection.
const (
	maxHTTPHead    = 1 << 18 // a request line and headers: tokens of 64 KiB, twice
	maxHTTPPending = 64      // requests without their response
	quietHTTP      = 1 << 16 // a body over this, or so many requests, end an authenticated conversation; 16 times the body any
	quietRequests  = 16
)

// The keys of the two authentications that may be under way at once.
const (
	httpServerKey = 0
	httpProxyKey  = 1
)

// An httpAuth is what one request tried.
type httpAuth uint8

const (
	httpNone  httpAuth = iota
	httpToken          // Negotiate, Kerberos or NTLM
	httpOther
)

// An httpRequest waits for its response.
type httpRequest struct {
	auth    [2]httpAuth // by key
	lane    [2]uint64   // of the token: its key among those of pipelined requests
	head    bool        // HEAD: no body follows
	connect bool
	target  string // of CONNECT
	relay   bool   // to a KDC proxy
	rpc     bool   // a channel of DCE/RPC
}

type httpParser struct {
	framed
	pending  []httpRequest
	chunked  [2]httpChunk
	scanned  [2]int    // bytes of an unfinished head already searched for its end
	lane     [2]uint64 // of the last token of the client, by key
	basic    [2]string // the other mechanism that was told of last, by key
	host     string    // the Host that was told of last
	accepted bool      // a token was accepted
	quiet    int       // requests without credentials since
	relayed  [2]int    // length of the KDC-PROXY-MESSAGE that follows
	rpc      *rpcBody
	unframed [2]bool // the body reaches to the end of the connection
	buf      []byte
}

// httpChunk is where a chunked body (RFC 9112 §7.1) is being read.
type httpChunk uint8

const (
	chunkNone    httpChunk = iota
	chunkSize              // a size line follows
	chunkEnd               // the line end behind a chunk's data follows
	chunkTrailer           // trailer fields, up to an empty line
)

func newHTTP(s wire) *httpParser { return &httpParser{framed: framed{s: s}} }

func (p *httpParser) feed(d dir) { p.run(d, p) }

func (p *httpParser) missed(d dir) {
	if d == toClient { // whose response is missing is not known; a lost request is later than those that wait
		p.pending = p.pending[:0]
	}
	p.chunked[d], p.scanned[d], p.unframed[d], p.relayed[d] = chunkNone, 0, false, 0
	if p.rpc != nil && p.rpc.left[d] > 0 {
		p.rpc.left[d] = 0
		p.rpc.rpc.missed(d)
	}
}

// resync finds a request or status line, or the middle of headers that hold an
// authentication.
func (p *httpParser) resync(d dir, b []byte) (int, bool) {
	if v := httpStart(d, b); v != no {
		return 0, v == yes
	}
	if rpcMidstream(d, b) {
		p.rpcOpens(d, 1<<62)
		return 0, true
	}
	if d == toClient {
		for _, v := range [...]string{"HTTP/1.1 ", "HTTP/1.0 "} {
			if i := bytes.Index(b, []byte(v)); i >= 0 {
				return i, httpStart(d, b[i:]) == yes
			}
		}
		return max(len(b)-16, 0), false
	}
	if i := bytes.Index(b, []byte(" HTTP/1.")); i >= 0 {
		line := bytes.LastIndexByte(b[:i], '\n') + 1
		for j := i - 1; j >= line; j-- { // a body without a line end may stand before it
			if v := httpStart(d, b[j:]); v != no && (j == line || httpStart(d, b[j-1:]) == no) {
				return j, v == yes
			}
		}
		return i + 8, false
	}
	if i := authHeader(b); i >= 0 {
		return i, true
	}
	// A line that is not whole yet may be the one.
	keep := len(b) - 1 - bytes.LastIndexByte(b, '\n')
	return len(b) - min(keep, 4096), false
}

// beginsInHead tells whether b begins with a header that may hold a token.
func beginsInHead(b []byte) bool {
	return bytes.HasPrefix(b, []byte("Authorization: ")) || bytes.HasPrefix(b, []byte("Proxy-Authorization: "))
}

// authHeader is the offset of a header line that holds a token, -1 if none.
func authHeader(b []byte) int {
	for _, h := range [...]string{"\nAuthorization: Negotiate ", "\nProxy-Authorization: Negotiate ", "\nAuthorization: Kerberos "} {
		if i := bytes.Index(b, []byte(h)); i >= 0 {
			return i + 1
		}
	}
	return -1
}

func (p *httpParser) unit(d dir, b []byte, last bool) int {
	if p.unframed[d] {
		if httpStart(d, b) != yes { // else it ended without a word
			return len(b)
		}
		p.unframed[d] = false
	}
	switch {
	case p.relayed[d] > 0:
		return p.relay(d, b, last)
	case p.rpc != nil && p.rpc.left[d] > 0:
		return p.rpcUnit(d, b, last)
	case p.chunked[d] != chunkNone:
		return p.chunk(d, b)
	case isTLSRecord(b):
		p.over = true
		p.s.startTLS(d, 0)
		return 0
	}
	if n := emptyLines(b); n > 0 {
		return n
	}
	if rpcMidstream(d, b) {
		p.rpcOpens(d, 1<<62)
		return p.rpcUnit(d, b, last)
	}
	switch v := httpStart(d, b); {
	case v == no && !(d == toServer && beginsInHead(b)):
		p.lost[d] = true
		p.scanned[d] = 0
		return 1
	case v == needMore && !last:
		return 0
	}
	n, body := headEnd(b, p.scanned[d])
	if n == 0 {
		p.scanned[d] = max(len(b)-3, 0)
		switch {
		case len(b) > maxHTTPHead:
			p.lost[d], p.scanned[d] = true, 0
			return len(b)
		case !last:
			return 0
		}
		n, body = len(b), len(b)
	}
	p.scanned[d] = 0
	if d == toServer {
		p.request(b[:n], body)
	} else {
		p.response(b[:n], body, b[n:])
	}
	return n
}

// relay reads a KDC-PROXY-MESSAGE ::= SEQUENCE { kerb-message [0] OCTET STRING,
// … }, [MS-KKDCP] §2.2.2: the message as it would go to a KDC over TCP, behind
// its length.
func (p *httpParser) relay(d dir, b []byte, last bool) int {
	size := p.relayed[d]
	if len(b) < size && !last {
		return 0
	}
	n := min(size, len(b))
	p.relayed[d], p.skip[d] = 0, uint64(size-n)
	off, rest := 0, b[:n]
	for _, want := range [...]byte{0x30, 0xa0, 0x04} {
		tag, body, at, _, ok := berElement(rest)
		if !ok || tag != want {
			return n
		}
		off, rest = off+at, body
	}
	if len(rest) > 4 && kdcType(rest[4]) {
		p.s.kdcMessage(d, off+4, len(rest)-4, rest[4:], "kkdcp")
	}
	return n
}

// chunk reads the framing of a chunked body.
func (p *httpParser) chunk(d dir, b []byte) int {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		if len(b) > 4096 {
			p.chunked[d], p.lost[d] = chunkNone, true
			return len(b)
		}
		return 0
	}
	line := bytes.TrimRight(b[:i], "\r")
	switch p.chunked[d] {
	case chunkSize:
		size, ok := hexSize(line)
		switch {
		case !ok:
			p.chunked[d], p.lost[d] = chunkNone, true
		case size == 0:
			p.chunked[d] = chunkTrailer
		default:
			p.skip[d], p.chunked[d] = size, chunkEnd
		}
	case chunkEnd:
		p.chunked[d] = chunkSize
	case chunkTrailer:
		if len(line) == 0 {
			p.chunked[d] = chunkNone
		}
	}
	return i + 1
}

// request reads a request's head; body is where its header lines end.
func (p *httpParser) request(head []byte, body int) {
	var r httpRequest
	var f httpBody
	line, _ := firstLine(head)
	method, target, _ := bytes.Cut(line, []byte(" "))
	target, _, _ = bytes.Cut(target, []byte(" "))
	r.head, r.connect = string(method) == "HEAD", string(method) == "CONNECT"
	if r.connect {
		r.target = text(target)
	}
	r.relay = string(method) == "POST" && bytes.EqualFold(target, []byte("/KdcProxy"))
	r.rpc = string(method) == rpcInData || string(method) == rpcOutData
	proxied := r.connect || bytes.HasPrefix(target, []byte("http://")) // RFC 9112 §3.2.2: Host is not whom the client talks to
	headers(head[:body], func(name, value []byte, at int) {
		switch asciiUpper(name) {
		case "AUTHORIZATION":
			r.auth[httpServerKey] = p.credentials(value, at, head, "Authorization", httpServerKey)
			r.lane[httpServerKey] = p.lane[httpServerKey]
		case "PROXY-AUTHORIZATION":
			r.auth[httpProxyKey] = p.credentials(value, at, head, "Proxy-Authorization", httpProxyKey)
			r.lane[httpProxyKey] = p.lane[httpProxyKey]
		case "HOST":
			if !proxied {
				p.named(value)
			}
		default:
			f.header(name, value)
		}
	})
	if p.accepted && r.auth == [2]httpAuth{} {
		if p.quiet++; p.quiet == 1 {
			p.s.afterAuth(toServer, 0)
		}
		if p.quiet > quietRequests {
			p.over = true
			p.s.idle()
			return
		}
	}
	if len(p.pending) >= maxHTTPPending {
		p.pending = p.pending[:0]
	}
	p.pending = append(p.pending, r)
	switch {
	case f.chunked:
		p.chunked[toServer] = chunkSize
	case r.relay && f.length <= maxHTTPHead:
		p.relayed[toServer] = int(f.length)
	case r.rpc && f.length > 0:
		p.rpcOpens(toServer, f.length)
	default:
		p.skip[toServer] = f.length
	}
}

// credentials reads the value of an Authorization header, which stands at
// offset at of head.
func (p *httpParser) credentials(value []byte, at int, head []byte, verb string, key uint64) httpAuth {
	scheme, rest, _ := bytes.Cut(value, []byte(" "))
	name := asciiUpper(scheme)
	if !tokenScheme(name) {
		if name == "" || p.basic[key] == name {
			return httpNone // repeated with every request
		}
		p.basic[key] = name
		p.s.attemptKeyed(toServer, at, name, tokenAt{verb: verb, key: key})
		p.lane[key] = 0
		return httpOther
	}
	rest = bytes.TrimLeft(rest, " \t")
	tok, used := decodeBase64(p.buf, rest)
	p.buf = tok
	if len(tok) == 0 {
		return httpNone
	}
	off, n := place(head, at, rest[:used])
	if t := gss.Parse(tok); begins(&t) {
		p.lane[key] = p.tokensAhead(key)
	}
	p.s.token(toServer, off, n, tok, tokenAt{verb: verb, key: httpKey(key, p.lane[key])})
	return httpToken
}

// begins tells whether a client's token is the first of an authentication.
func begins(t *gss.Token) bool {
	switch {
	case t.Form == gss.NegTokenInit:
		return true
	case t.Kind == gss.NTLM:
		return t.NTLM.Type == gss.Negotiate
	}
	return t.Form != gss.NegTokenResp && len(t.Kerberos) > 0 && t.Kerberos[0] == 0x60|byte(krb5.APReqMsg)
}

// tokensAhead is how many requests with a token wait for their response.
func (p *httpParser) tokensAhead(key uint64) (n uint64) {
	for i := range p.pending {
		if p.pending[i].auth[key] == httpToken {
			n++
		}
	}
	return n
}

// httpKey tells the authentications of pipelined requests apart.
func httpKey(key, lane uint64) uint64 { return key + 2*lane }

// tokenScheme tells whether a scheme's credentials are tokens.
func tokenScheme(name string) bool {
	switch name {
	case "NEGOTIATE", "KERBEROS", "NTLM":
		return true
	}
	return false
}

// named takes what a client calls the server.
func (p *httpParser) named(value []byte) {
	host := text(value)
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	if host == p.host || !hostLike(host) {
		return
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return
	}
	p.host = host
	p.s.name(toClient, 0, host, "http-host")
}
