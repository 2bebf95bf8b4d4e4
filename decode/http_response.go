package decode

import (
	"bytes"

	"kerbscope/decode/gss"
	"kerbscope/decode/krb5"
)

// A httpChallenge is what a response says about one of the two
// authentications.
type httpChallenge struct {
	offered []string
	token   *gss.Token
}

// response reads a response's head; body is where its header lines end, after
// what follows the head.
func (p *httpParser) response(head []byte, body int, after []byte) {
	line, _ := firstLine(head)
	status, reason := statusLine(line)
	if status >= 100 && status < 200 && status != 101 {
		return // interim, RFC 9110 §15.2
	}
	var r httpRequest
	known := len(p.pending) > 0
	if known {
		r = p.pending[0]
		p.pending = append(p.pending[:0], p.pending[1:]...)
	}
	var f httpBody
	var c [2]httpChallenge
	headers(head[:body], func(name, value []byte, at int) {
		switch asciiUpper(name) {
		case "WWW-AUTHENTICATE":
			p.challenge(&c[httpServerKey], value, at, head, tokenAt{verb: "Authorization", key: httpKey(httpServerKey, r.lane[httpServerKey])})
		case "PROXY-AUTHENTICATE":
			p.challenge(&c[httpProxyKey], value, at, head, tokenAt{verb: "Proxy-Authorization", key: httpKey(httpProxyKey, r.lane[httpProxyKey])})
		default:
			f.header(name, value)
		}
	})
	for k := range c {
		if len(c[k].offered) > 0 && (status == 401 || status == 407) {
			p.s.offer(c[k].offered...)
		}
		if o := httpOutcome(status, uint64(k), r.auth[k], known, f.sealed, &c[k]); o != 0 {
			p.s.result(toClient, 0, len(head), httpKey(uint64(k), r.lane[k]), Result{Outcome: o, Code: int64(status), CodeName: httpStatusName(status), Text: text(reason), Split: f.chunked || f.length > uint64(len(after))})
			if o == Accepted {
				p.accepted, p.quiet = true, 0
				if f.sealed {
					p.s.afterAuth(toClient, 0)
				}
			}
			if o == Refused {
				p.basic[k] = ""
			}
		}
	}
	p.responseBody(status, r, known, f, len(head), after)
}

// responseBody decides what follows the head of n bytes, RFC 9112 §6.3.
func (p *httpParser) responseBody(status int, r httpRequest, known bool, f httpBody, n int, after []byte) {
	switch {
	case status == 101:
		p.over = true // another protocol from here on
		p.s.ignore()
	case r.connect && status/100 == 2:
		p.over = true
		p.s.discard(toClient, n)
		p.s.tunnel(r.target)
	case r.head, status == 204, status == 304:
	case !known && httpStart(toClient, after) == yes:
		// The request, not seen, was HEAD.
	case f.chunked:
		p.chunked[toClient] = chunkSize
	case r.relay && status == 200 && f.sized && f.length <= maxHTTPHead:
		p.relayed[toClient] = int(f.length)
	case r.rpc && status == 200 && f.sized:
		p.rpcOpens(toClient, f.length)
	case f.sized:
		p.skip[toClient] = f.length
		if (f.length > quietHTTP && p.accepted || f.length > 16*quietHTTP) && len(p.pending) == 0 {
			p.over = true
			p.s.idle()
		}
	default:
		p.unframed[toClient] = true
	}
}

// httpOutcome is what a status says about a request's authentication; 0:
// nothing. key tells which of the two it is about; sealed, that the body is
// encrypted with the key of a context that the server must have accepted.
func httpOutcome(status int, key uint64, tried httpAuth, known, sealed bool, c *httpChallenge) Outcome {
	asks := status == 401 && key == httpServerKey || status == 407 && key == httpProxyKey
	switch {
	case c.token != nil && rejects(c.token):
		return Refused
	case asks && c.token != nil:
		return Continue
	case asks && tried != httpNone:
		return Refused
	case asks, status == 0, !known && c.token == nil:
		return 0
	case tried == httpNone && c.token == nil:
		return 0
	case status == 407: // the proxy's matter: the server was not asked
		return 0
	case status == 400 || status == 413 || status == 431:
		return Refused
	case status >= 500 && c.token == nil && !sealed:
		return 0 // says nothing about who was let in
	}
	return Accepted
}

// rejects tells whether a server's token says no: SPNEGO reject, or a
// KRB-ERROR.
func rejects(t *gss.Token) bool {
	if t.NegState == gss.Reject {
		return true
	}
	return len(t.Kerberos) > 0 && t.Kerberos[0] == 0x60|byte(krb5.KRBErrorMsg)
}

// challenge reads one WWW-Authenticate or Proxy-Authenticate header: a list of
// challenges, each a scheme with a token or parameters (RFC 9110 §11.6.1).
func (p *httpParser) challenge(c *httpChallenge, value []byte, at int, head []byte, where tokenAt) {
	for i := 0; i < len(value); {
		end := listItem(value, i)
		item := bytes.TrimSpace(value[i:end])
		scheme, rest, _ := bytes.Cut(item, []byte(" "))
		if len(scheme) > 0 && bytes.IndexByte(scheme, '=') < 0 && len(c.offered) < 32 {
			c.offered = append(c.offered, text(scheme))
			rest = bytes.TrimSpace(rest)
			if tokenScheme(asciiUpper(scheme)) && len(rest) > 0 && c.token == nil {
				tok, used := decodeBase64(p.buf, rest)
				p.buf = tok
				if len(tok) > 0 {
					off, n := place(head, at, rest[:used])
					t := gss.Parse(tok)
					p.s.token(toClient, off, n, tok, where)
					c.token = &t
				}
			}
		}
		i = end + 1
	}
}

// listItem is the end of the list item at offset i: the next comma outside of
// quotes.
func listItem(b []byte, i int) int {
	quoted := false
	for ; i < len(b); i++ {
		switch {
		case b[i] == '\\' && quoted:
			i++
		case b[i] == '"':
			quoted = !quoted
		case b[i] == ',' && !quoted:
			return i
		}
	}
	return len(b)
}

// statusLine reads HTTP/1.1 401 Unauthorized.
func statusLine(line []byte) (status int, reason []byte) {
	_, rest, _ := bytes.Cut(line, []byte(" "))
	if len(rest) < 3 {
		return 0, nil
	}
	for _, c := range rest[:3] {
		if c < '0' || c > '9' {
			return 0, nil
		}
		status = status*10 + int(c-'0')
	}
	return status, bytes.TrimSpace(rest[3:])
}

// httpStatusName is the registered phrase of the statuses that carry a word on
// authentication, "" for others (RFC 9110 §15, RFC 6585).
func httpStatusName(status int) string {
	switch status {
	case 200:
		return "OK"
	case 204:
		return "No Content"
	case 301:
		return "Moved Permanently"
	case 302:
		return "Found"
	case 304:
		return "Not Modified"
	case 400:
		return "Bad Request"
	case 401:
		return "Unauthorized"
	case 403:
		return "Forbidden"
	case 404:
		return "Not Found"
	case 407:
		return "Proxy Authentication Required"
	case 413:
		return "Content Too Large"
	case 431:
		return "Request Header Fields Too Large"
	case 500:
		return "Internal Server Error"
	}
	return ""
}

// httpStart tells whether b begins a message of direction d.
func httpStart(d dir, b []byte) verdict {
	if d == toClient {
		const v = "HTTP/1."
		n := min(len(b), len(v))
		switch {
		case string(b[:n]) != v[:n]:
			return no
		case len(b) < 13:
			return needMore
		case b[8] == ' ' && b[9] >= '1' && b[9] <= '9':
			return yes
		}
		return no
	}
	n := 0 // of the method
	for n < len(b) && (b[n] >= 'A' && b[n] <= 'Z' || b[n] == '-' || b[n] == '_') {
		n++
	}
	switch {
	case n > 20:
		return no
	case n == len(b):
		return needMore
	case n < 3 || b[n] != ' ':
		return no
	}
	line, whole := firstLine(b)
	if !whole {
		if len(b) > 1<<16 || !printable(b) {
			return no
		}
		return needMore
	}
	i := bytes.LastIndexByte(line, ' ')
	if v := line[i+1:]; i <= n || len(v) != 8 || string(v[:7]) != "HTTP/1." {
		return no
	}
	return yes
}

// probeHTTP knows HTTP/1 by a request line or a status line, and a stream
// picked up in the middle of a head by a header with a token in it.
func probeHTTP(up, down []byte, port uint16) verdict {
	u, v := needMore, needMore
	if len(up) > 0 {
		if u = httpStart(toServer, up); u == no && authHeader(up) >= 0 {
			u = yes
		}
	}
	if len(down) > 0 {
		v = httpStart(toClient, down)
	}
	switch {
	case u == yes || v == yes:
		if httpStart(toServer, down) == yes || httpStart(toClient, up) == yes {
			return no
		}
		return yes
	case u == no || v == no:
		return no
	}
	return needMore
}
