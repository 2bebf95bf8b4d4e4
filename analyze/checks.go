package analyze

import (
	"net/netip"
	"slices"
	"strings"

	"kerbscope/decode"
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
	return r.Kind == decode.TGS && isTGT(r.Service) && r.Req.KDCOptions&optForwarded != 0 && len(r.Req.Etypes) == 1
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

// A showing is one ticket's presentations at one endpoint that came out alike.
type showing struct {
	life *TicketLife
	p    *Presented
}

// showings are the presentations of service tickets that satisfy is.
func (c *Case) showings(is func(*TicketLife, *Presented) bool) (list []showing) {
	for _, t := range c.Tickets() {
		if isTGT(t.SName) {
			continue
		}
		for _, p := range t.Presented {
			if p.First != nil && p.First.Kind == decode.AP && is(t, p) {
				list = append(list, showing{t, p})
			}
		}
	}
	return list
}

// taken is the presentations that were accepted, by what is looked for.
type taken struct {
	at   map[string][]showing // by service and endpoint
	host map[string][]showing // by host of the service name
}

func (c *Case) taken() taken {
	t := taken{at: map[string][]showing{}, host: map[string][]showing{}}
	for _, a := range c.showings(accepted) {
		k := byShownService(a)
		t.at[k] = append(t.at[k], a)
		if h := spnHost(a.life.SName); h != "" {
			t.host[h] = append(t.host[h], a)
		}
	}
	return t
}

// sameService are the accepted presentations for the service of s where s was refused.
func (t taken) sameService(s showing) []showing { return t.at[byShownService(s)] }

// sameHostName are those for any service of its host name.
func (t taken) sameHostName(s showing) []showing { return t.host[spnHost(s.life.SName)] }

// kinds leaves one presentation of each kvno and etype, those with a KRB-ERROR first.
func kinds(list []showing) []showing {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b showing) int {
		switch x, y := keyRefused(a.p.First), keyRefused(b.p.First); {
		case x && !y:
			return -1
		case y && !x:
			return 1
		}
		return 0
	})
	var out []showing
	for _, s := range list {
		if !slices.ContainsFunc(out, func(o showing) bool {
			return o.life.Etype == s.life.Etype && num(o.life.KVNO) == num(s.life.KVNO)
		}) {
			out = append(out, s)
		}
	}
	return out
}

// accepted tells a presentation that proves that the ticket was decrypted: by
// an AP-REP, or by the yes of a carrier that asks for authentication before it
// says so. An HTTP server may serve a page without having looked at the token.
func accepted(_ *TicketLife, p *Presented) bool {
	r := p.First
	return p.Ending == decode.OK && (r.Reply != nil || len(r.Carrier) > 0 && r.Carrier[0] != "http")
}

// refused tells a presentation that stayed refused in a way that leaves the
// key in doubt: by a KRB-ERROR that says so, or by the carrier alone.
func refused(_ *TicketLife, p *Presented) bool {
	if p.First.Healed && p.Last.Healed {
		return false
	}
	return refusedAP(p.First)
}

// refusedOnce is refused, healed or not.
func refusedOnce(_ *TicketLife, p *Presented) bool { return refusedAP(p.First) }

// healedAll tells whether every refusal healed.
func healedAll(list []showing) bool {
	return !slices.ContainsFunc(list, func(s showing) bool { return refused(s.life, s.p) })
}

// records are the exemplars of a presentation.
func (p *Presented) records() []*Record {
	if p.First == p.Last || p.Last == nil {
		return []*Record{p.First}
	}
	return []*Record{p.First, p.Last}
}

// groupShowings puts together what one finding is about.
func groupShowings(list []showing, key func(showing) string) [][]showing {
	at := map[string]int{}
	var groups [][]showing
	for _, s := range list {
		k := key(s)
		i, ok := at[k]
		if !ok {
			i = len(groups)
			at[k] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], s)
	}
	return groups
}

func byShownService(s showing) string {
	return lower(s.life.Principal()) + "|" + s.p.To.String()
}

// aboutShowings begins a finding about refused presentations.
func (c *Case) aboutShowings(list []showing, fields ...string) Finding {
	var recs []*Record
	var n uint64
	for _, s := range list {
		recs = append(recs, s.p.records()...)
		n += s.p.Count
	}
	slices.SortStableFunc(recs, byTime)
	f := c.aboutRecords(recs, fields...)
	f.Count = n
	for _, s := range list {
		f.Subject.Tickets = addOnce(f.Subject.Tickets, s.life.Hash)
	}
	return f
}

// shownTimes counts presentations.
func shownTimes(list []showing) (n uint64) {
	for _, s := range list {
		n += s.p.Count
	}
	return n
}

// sure tells whether one of the refusals is a KRB-ERROR that leaves no other
// explanation than the key.
func sure(list []showing) bool {
	return slices.ContainsFunc(list, func(s showing) bool { return keyRefused(s.p.First) })
}

// surest is the presentation to speak of: one with a KRB-ERROR, else the first.
func surest(list []showing) showing {
	for _, s := range list {
		if keyRefused(s.p.First) {
			return s
		}
	}
	return list[0]
}
