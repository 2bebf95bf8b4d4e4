package analyze

import (
	"net/netip"
	"slices"
	"strings"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// Codes of KRB-ERROR that checks ask for by name, RFC 4120 §7.5.9.
const (
	errNameExp          = 1
	errServiceExp       = 2
	errClientUnknown    = 6
	errServiceUnknown   = 7
	errNotUnique        = 8
	errEtypeNosupp      = 14
	errClientRevoked    = 18
	errKeyExpired       = 23
	errPreauthFailed    = 24
	errPreauthRequired  = 25
	errMustUseU2U       = 27
	errBadIntegrity     = 31
	errTktExpired       = 32
	errTktNotYetValid   = 33
	errRepeat           = 34
	errNotUs            = 35
	errBadMatch         = 36
	errSkew             = 37
	errBadAddr          = 38
	errModified         = 41
	errBadKeyVer        = 44
	errNoKey            = 45
	errResponseTooBig   = 52
	errGeneric          = 60
	kdcPort             = 88
	atOnce              = int64(10e9) // what belongs together, as in healWithin
	windowsRetryTimeout = int64(60e9) // a client has gone through all its KDCs by then
)

// code is the KRB-ERROR code that decided, 0: none.
func (r *Record) code() int32 {
	if r.Error == nil {
		return 0
	}
	return r.Error.Code
}

// keyInDoubt tells the codes by which an acceptor says that it could not
// decrypt, or has no key: the only ones that leave the key in doubt
// (RFC 4120 §3.2.3 checks version and key before all else).
func keyInDoubt(code int32) bool {
	switch code {
	case errBadIntegrity, errModified, errBadKeyVer, errNoKey:
		return true
	}
	return false
}

// keyRefused tells an AP exchange in which the acceptor said so.
func keyRefused(r *Record) bool {
	return r.Kind == decode.AP && r.Ending == decode.Failed && keyInDoubt(r.code())
}

// refusedAP tells an AP exchange refused for want of a key, or for a reason
// that the carrier did not tell. With an AP-REP the ticket was decrypted.
func refusedAP(r *Record) bool {
	return keyRefused(r) || r.Kind == decode.AP && r.Ending == decode.Denied && r.Reply == nil
}

// rowsWhere are the rows of a kind whose exchanges satisfy is.
func (c *Case) rowsWhere(kind decode.Kind, is func(*Record) bool) []*Row {
	var rows []*Row
	for _, row := range c.Rows(kind) {
		if is(row.Record()) {
			rows = append(rows, row)
		}
	}
	return rows
}

// each makes one finding of each group of rows. A group that holds failures
// that stayed is judged by those; one in which all healed becomes a note.
func (c *Case) each(rows []*Row, key func(*Record) string, fields []string, say func(f *Finding, rows []*Row, r *Record)) []Finding {
	var found []Finding
	for _, group := range groupRows(rows, func(row *Row) string { return key(row.Record()) }) {
		stayed := slices.DeleteFunc(slices.Clone(group), func(row *Row) bool { return row.Record().Healed })
		healed := len(stayed) == 0
		if !healed {
			group = stayed
		}
		f := c.about(group, fields...)
		if healed {
			f.Severity = Note
			c.cite(&f, group[0].Record(), "healed_by")
		}
		say(&f, group, group[0].Record())
		found = append(found, f)
	}
	return found
}

// Keys of groups: what one finding is about.
func byClientAndKDC(r *Record) string {
	return r.From.Addr().String() + "|" + lower(r.Client) + "|" + r.To.Addr().String()
}
func byClient(r *Record) string           { return r.From.Addr().String() + "|" + lower(r.Client) }
func byServiceAndServer(r *Record) string { return lower(r.Service) + "|" + r.To.String() }
func byQuestion(r *Record) string {
	return byClientAndKDC(r) + "|" + lower(r.Service) + "|" + r.Kind.String()
}

// total counts the exchanges of rows.
func total(rows []*Row) (n uint64) {
	for _, row := range rows {
		n += row.Count
	}
	return n
}

// whoAll names the clients of rows in one phrase.
func (c *Case) whoAll(rows []*Row) string { return join(c.clientsOf(rows), 3) }

// clientsOf names the clients of rows, each once.
func (c *Case) clientsOf(rows []*Row) (list []string) {
	for _, row := range rows {
		for _, r := range row.Exemplars {
			list = addOnce(list, c.who(r))
		}
	}
	return list
}

// lifeOf is the life of the ticket that t names; nil: none, or unknown.
func (c *Case) lifeOf(t *TicketRef) *TicketLife {
	if t == nil || t.Hash == "" {
		return nil
	}
	return c.TicketOf(t.Hash)
}

// comparable tells that a capture of a and one of b have clocks that are related.
func (c *Case) comparable(a, b *Record) bool {
	for _, s := range a.Steps {
		for _, o := range b.Steps {
			if c.clusterOf(s.Frame) == c.clusterOf(o.Frame) {
				return true
			}
		}
	}
	return false
}

// issuedAt is when the ticket was issued, of one whose issue was captured.
func (t *TicketLife) issuedAt() int64 { return t.Issued.End }

// citeFact adds a frame that is no exchange's to the evidence.
func (c *Case) citeFact(f *Finding, at FrameRef, field string, value any) {
	if at.Frame != 0 {
		c.citeFrame(f, at.Frame, field, value, "", "")
	}
}

// isHostName tells whether name is one of the names of the host at addr.
func (c *Case) isHostName(name string, addr netip.Addr) bool {
	return name != "" && slices.Contains(c.HostsOf(name), addr)
}

// etypesOf are the etypes of ETYPE-INFO2 entries.
func etypesOf(keys []KeyInfo) []int32 {
	list := make([]int32, len(keys))
	for i, k := range keys {
		list[i] = k.Etype
	}
	return list
}

// loneForwarded tells the request of a Windows client for a forwarded TGT with
// one single etype: a step whatever the answer ([MS-KILE] §3.3.5.7.6).
func loneForwarded(r *Record) bool {
	return r.Kind == decode.TGS && isTGT(r.Service) && r.Req.KDCOptions&krb5.KDCForwarded != 0 && len(r.Req.Etypes) == 1
}

// rodc tells a kvno with an RODC's number in its upper half ([MS-KILE] §3.1.5.8).
func rodc(k *uint32) bool { return k != nil && *k>>16 != 0 }

// kvnoBelow tells whether a is known to be lower than b; RODCs count apart.
func kvnoBelow(a, b *uint32) bool {
	return a != nil && b != nil && !rodc(a) && !rodc(b) && *a < *b
}

// kvnoDiffers tells two known, comparable and different kvnos.
func kvnoDiffers(a, b *uint32) bool { return kvnoBelow(a, b) || kvnoBelow(b, a) }

// mentions tells whether s holds word, ASCII case aside.
func mentions(s, word string) bool { return strings.Contains(lower(s), word) }

// lastSeen is the time of the last packet of all captures.
func (c *Case) lastSeen() (last int64) {
	for i, f := range c.Captures() {
		if i == 0 || f.Last > last {
			last = f.Last
		}
	}
	return last
}
