package analyze

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// A Row is the exchanges that are alike: same kind, principals, client
// address, KDC or acceptor endpoint, carrier, lists and etypes, kvno, ending
// and code, healed or not. Its exemplars have these in common, so a rule may
// read them off Record().
type Row struct {
	Count     uint64    // exchanges, each counted once over all captures
	First     int64     // ns, reference clock
	Last      int64     // ns
	Exemplars []*Record // up to the first four and the last four, in time order

	key  rowKey
	seen map[uint64]struct{} // twins of the exchanges, as far as the limits let
	gone bool                // it made room for others
}

// Record is the first exemplar.
func (r *Row) Record() *Record { return r.Exemplars[0] }

// headRecords and tailRecords are the exemplars kept of a row.
const (
	headRecords = 4
	tailRecords = 4
)

// A rowKey is what the exchanges of a row have in common.
type rowKey struct {
	kind             decode.Kind
	ending           decode.Ending
	healed, unheard  bool
	preauth          string
	client, service  string // ASCII case folded
	from             netip.Addr
	to               netip.AddrPort
	transport        decode.Transport
	carrier, verb    string
	etypes, info     string // lists as text
	options          uint32
	forUser          string
	preauthE, ticket int64 // etypes, none when absent
	session, reply   int64
	kvno             int64
	code             int64          // KRB-ERROR code, or the carrier's
	status           int64          // NTSTATUS
	refusal          decode.Refusal // by the keytab; 0 without one
	opened           bool
	owner            string // whose key opens the ticket
}

const none = int64(-1 << 40)

func num[T int32 | uint32](p *T) int64 {
	if p == nil {
		return none
	}
	return int64(*p)
}

// keyOptions are the KDC options that make a different question.
const keyOptions = krb5.KDCForwarded | krb5.KDCConstrainedDeleg | krb5.KDCEncTktInSkey | krb5.KDCRenew | krb5.KDCValidate | krb5.KDCAnonymous

func keyOf(r *Record) rowKey {
	k := rowKey{
		kind: r.Kind, ending: r.Ending, healed: r.Healed, unheard: r.Unheard.Frame != 0, preauth: r.Req.Preauth,
		client: lower(r.Client), service: lower(r.Service), from: r.From.Addr(), to: r.To, transport: r.Transport,
		etypes: listKey(r.Req.Etypes), options: r.Req.KDCOptions & keyOptions, forUser: r.Req.ForUser,
		preauthE: num(r.Req.PreauthEtype), session: num(r.SessionEtype),
		ticket: none, reply: none, kvno: none, code: none, status: none,
	}
	if r.Kind == decode.AP {
		k.options = r.Req.APOptions
		k.carrier = strings.Join(r.Carrier, "/")
		if r.Attempt != nil {
			k.verb = r.Attempt.Verb
		}
	}
	t := r.Issued
	if t == nil && r.Kind != decode.AS {
		t = r.Presented
	}
	if t != nil {
		k.ticket, k.kvno = int64(t.Etype), num(t.KVNO)
	}
	if r.Reply != nil {
		k.reply = num(r.Reply.Etype)
	}
	if r.Hint != nil {
		k.info = infoKey(r.Hint.Info2)
	}
	switch {
	case r.Error != nil:
		k.code, k.status = int64(r.Error.Code), num(r.Error.NTStatus)
		if k.info == "" {
			k.info = infoKey(r.Error.Info2)
		}
	case r.Word != nil:
		k.code = r.Word.Code
	}
	if r.Opened != nil {
		k.opened, k.refusal, k.owner = r.Opened.Key != "", r.Opened.Refusal, lower(r.Opened.Owner)
	}
	return k
}

func listKey(list []int32) string {
	if len(list) == 0 {
		return ""
	}
	b := make([]byte, 0, 4*len(list))
	for _, e := range list {
		b = fmt.Appendf(b, "%d,", e)
	}
	return string(b)
}

func infoKey(list []KeyInfo) string {
	b := make([]byte, 0, 4*len(list))
	for _, e := range list {
		b = fmt.Appendf(b, "%d,", e.Etype)
	}
	return string(b)
}

// Limits on what a Case keeps of one capture. What does not fit is counted in
// Case.limits and stands in the report.
const (
	maxRows      = 1 << 14
	maxExemplars = 1 << 15
	maxRowSeen   = 1 << 12 // twins of one row
	maxSeen      = 1 << 18 // of all rows
	defaultKeep  = 10_000  // records kept one by one
	maxTickets   = 1 << 14
	maxPresented = 16      // of one ticket
	maxShown     = 1 << 16 // of all tickets
	maxPending   = 1 << 14 // failures that may still heal
	maxSessions  = 1 << 13
	maxAttempts  = 64 // of one session
	maxSightings = 1 << 13
	maxHosts     = 1 << 12
	maxNames     = 16 // of one address
	maxTwins     = 1 << 15
	maxAliases   = 1 << 12
	maxDNSTwins  = 1 << 10 // DNS answers that help to relate clocks
)

// A rowTable is the rows of one capture.
type rowTable struct {
	rows map[rowKey]*Row
	seen int
	kept int    // exemplars
	lost uint64 // exchanges that found no room

	rolls bool   // the rows that were used least recently make room
	gone  uint64 // exchanges of rows that did
}

func (t *rowTable) add(r *Record) {
	key := keyOf(r)
	row := t.rows[key]
	if row == nil {
		if len(t.rows) >= maxRows && t.rolls {
			t.prune(len(t.rows) / 8)
		}
		if len(t.rows) >= maxRows {
			t.lost++
			return
		}
		row = &Row{key: key, First: r.Start, Last: r.Start}
		t.rows[key] = row
	}
	r.row = row
	row.Count++
	row.First, row.Last = min(row.First, r.Start), max(row.Last, r.Start)
	if r.twin != 0 && !t.rolls && len(row.seen) < maxRowSeen && t.seen < maxSeen {
		if _, ok := row.seen[r.twin]; !ok {
			if row.seen == nil {
				row.seen = map[uint64]struct{}{}
			}
			row.seen[r.twin] = struct{}{}
			t.seen++
		}
	}
	t.keep(row, r)
}

// keep makes r an exemplar: of the first while there is room, else the last.
// When all rows together keep many, a row keeps its first and its last.
func (t *rowTable) keep(row *Row, r *Record) {
	most, head := headRecords+tailRecords, headRecords
	if t.kept >= maxExemplars && len(row.Exemplars) < most {
		most = max(2, len(row.Exemplars))
		head = min(headRecords, most-1)
	}
	if len(row.Exemplars) < most {
		t.kept++
		row.Exemplars = append(row.Exemplars, r)
		return
	}
	tail := row.Exemplars[head:]
	copy(tail, tail[1:])
	tail[len(tail)-1] = r
}

// take removes r from its row, which it leaves to be added to another.
func (t *rowTable) take(r *Record) {
	row := r.row
	if row == nil {
		return
	}
	r.row = nil
	if row.gone {
		t.gone--
		return
	}
	row.Count--
	if _, ok := row.seen[r.twin]; ok {
		delete(row.seen, r.twin)
		t.seen--
	}
	t.kept -= len(row.Exemplars)
	row.Exemplars = slices.DeleteFunc(row.Exemplars, func(e *Record) bool { return e == r })
	t.kept += len(row.Exemplars)
	if row.Count == 0 {
		delete(t.rows, row.key)
	}
}

func byTime(a, b *Record) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.firstFrame(), b.firstFrame()), cmp.Compare(a.rank, b.rank))
}

func (r *Record) firstFrame() decode.FrameID {
	if len(r.Steps) > 0 {
		return r.Steps[0].Frame
	}
	return r.Req.Frame
}
