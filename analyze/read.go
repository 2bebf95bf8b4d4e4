package analyze

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// Most of each that a Record keeps of one exchange, whatever was sent.
const (
	keepEtypes  = 32
	keepPAData  = 32
	keepSteps   = 32
	keepTickets = 4
	keepName    = 512
	keepText    = 512
)

// reader turns exchanges into Records. Strings and lists that come again and
// again are kept once. There is one Record, which the next exchange takes over:
// a Case keeps what it packs of it.
type reader struct {
	strings map[string]string
	lists   map[string][]int32
	recent  [1 << 10]string // the last strings, by quick
	tickets *ticketTable    // of the Case; nil: tickets are known by their hash

	rec               Record
	hint, failed      Failure
	answer            Reply
	said              Word
	presented, issued TicketRef
	tried             AttemptInfo
	int32s            [8]int32
	uint32s           [8]uint32
	int64s            [8]int64
	n32, nu32, n64    int
	keys              []KeyInfo
}

const (
	keepInterned    = 1 << 15
	keepInternedLen = 128 // longer strings seldom come again
)

func newReader() *reader {
	return &reader{strings: map[string]string{}, lists: map[string][]int32{}}
}

// begin makes room for the next exchange.
func (rd *reader) begin() *Record {
	steps, more := rd.rec.Steps[:0], rd.rec.Req.Additional[:0]
	rd.rec = Record{Steps: steps}
	rd.rec.Req.Additional = more
	rd.n32, rd.nu32, rd.n64 = 0, 0, 0
	rd.keys = rd.keys[:0]
	return &rd.rec
}

func (rd *reader) str(b []byte) string {
	if len(b) > keepName {
		b = b[:keepName]
	}
	if len(b) == 0 {
		return ""
	}
	near := &rd.recent[quick(b)%uint64(len(rd.recent))]
	if *near == string(b) {
		return *near
	}
	if s, ok := rd.strings[string(b)]; ok {
		*near = s
		return s
	}
	s := string(b)
	*near = s
	if len(rd.strings) < keepInterned && len(s) <= keepInternedLen {
		rd.strings[s] = s
	}
	return s
}

// quick tells most strings apart by a look at their ends.
func quick[T string | []byte](s T) uint64 {
	var a, b uint64
	if n := len(s); n >= 8 {
		for i := range 8 {
			a |= uint64(s[i]) << (8 * i)
			b |= uint64(s[n-8+i]) << (8 * i)
		}
	} else {
		for i := range n {
			a |= uint64(s[i]) << (8 * i)
		}
	}
	h := (a ^ bits.RotateLeft64(b, 29) ^ uint64(len(s))) * 0x9e3779b97f4a7c15
	return h >> 40
}

// at joins a name and a realm; "" without a name.
func (rd *reader) at(name, realm string) string {
	if name == "" || realm == "" {
		return name
	}
	var buf [192]byte
	return rd.str(append(append(append(buf[:0], name...), '@'), realm...))
}

func (rd *reader) name(n krb5.PrincipalName) string {
	if !n.OK {
		return ""
	}
	var buf [128]byte
	return rd.str(n.Append(buf[:0]))
}

func (rd *reader) principal(n krb5.PrincipalName, realm []byte) string {
	if !n.OK {
		return ""
	}
	var buf [192]byte
	b := n.Append(buf[:0])
	if len(realm) > 0 {
		b = append(append(b, '@'), realm...)
	}
	return rd.str(b)
}

func (rd *reader) ints(list []int32, limit int) []int32 {
	if len(list) == 0 {
		return nil
	}
	list = list[:min(len(list), limit)]
	var buf [4 * 64]byte
	key := buf[:0]
	for _, v := range list {
		key = binary.BigEndian.AppendUint32(key, uint32(v))
	}
	if l, ok := rd.lists[string(key)]; ok {
		return l
	}
	l := slices.Clone(list)
	if len(rd.lists) < keepInterned {
		rd.lists[string(key)] = l
	}
	return l
}

// opt is the value of o, in the next of list while there is one.
func opt[T any](o krb5.Opt[T], list []T, n *int) *T {
	if !o.OK {
		return nil
	}
	if *n == len(list) {
		v := o.V
		return &v
	}
	v := &list[*n]
	*n++
	*v = o.V
	return v
}

func (rd *reader) int32(o krb5.Opt[int32]) *int32    { return opt(o, rd.int32s[:], &rd.n32) }
func (rd *reader) uint32(o krb5.Opt[uint32]) *uint32 { return opt(o, rd.uint32s[:], &rd.nu32) }
func (rd *reader) int64(o krb5.Opt[int64]) *int64    { return opt(o, rd.int64s[:], &rd.n64) }

func refOf(m *decode.Message) FrameRef {
	if m == nil {
		return FrameRef{}
	}
	return FrameRef{m.Frame, m.Time}
}

// record is x, until the next exchange.
func (rd *reader) record(x *decode.Exchange) *Record {
	r := rd.begin()
	r.Kind, r.From, r.To, r.Transport, r.Carrier = x.Kind, x.Client, x.Server, x.Transport, x.Carrier
	r.Ending, r.Start, r.End, r.BothWays, r.ClientHears, r.Resent = x.Ending, x.Started, x.Ended, x.BothWays, x.ClientHears, x.Resent
	r.TooBig, r.Unheard = refOf(x.TooBig), refOf(x.Unheard)
	for _, s := range x.Steps {
		if len(r.Steps) == keepSteps {
			// The last step is the outcome.
			r.Steps[keepSteps-1] = Step{FrameRef{s.Frame, s.Time}, s.What}
			continue
		}
		r.Steps = append(r.Steps, Step{FrameRef{s.Frame, s.Time}, s.What})
	}
	rd.request(r, x)
	if x.Hint != nil && x.Hint.Krb != nil && x.Hint.Krb.Error != nil {
		r.Hint = rd.failure(x.Hint, &rd.hint)
	}
	if x.Reply != nil && x.Reply.Krb != nil {
		rd.reply(r, x)
		if r.twin == 0 && len(x.Reply.Krb.Raw) > 0 {
			r.twin = hash64(hashReply, x.Reply.Krb.Raw)
		}
	}
	if x.Attempt != nil {
		rd.attempt(r, x)
	}
	r.Opened, r.OpenedIssued = rd.openResult(x.Request), rd.openResult(x.Reply)
	rd.names(r)
	if o := r.OpenedIssued; o != nil && o.Session != nil {
		r.SessionEtype = o.Session
	}
	if o := r.Opened; o != nil && r.Client == "" && o.Client != "" && r.Kind != decode.AS {
		r.Client = o.Client
	}
	return r
}

func (rd *reader) request(r *Record, x *decode.Exchange) {
	m := x.Request
	if m == nil || m.Krb == nil {
		return
	}
	r.Req.FrameRef = refOf(m)
	r.Req.Length = m.Krb.Length
	r.twin = hash64(hashRequest, m.Krb.Raw)
	switch {
	case m.Krb.KDCReq != nil:
		rd.kdcReq(&r.Req, m.Krb.KDCReq)
		if ap := m.Krb.KDCReq.APReq; ap != nil {
			r.Presented = rd.ticket(&ap.Ticket, &rd.presented)
			r.Req.Authenticator = rd.int32(ap.Authenticator.EType)
			r.Req.AuthHash = authHash(&ap.Authenticator)
		}
		for _, s := range x.Steps {
			if s.Msg == nil || s.Msg.Krb == nil || s.Msg.Krb.KDCReq == nil || s.Msg.Krb.Truncated {
				continue
			}
			if s.Msg.Frame == m.Frame {
				break
			}
			first := rd.ints(s.Msg.Krb.KDCReq.ETypes, keepEtypes)
			if first != nil && !slices.Equal(first, r.Req.Etypes) {
				r.Req.FirstEtypes = first
			}
			r.Req.FirstNonce = s.Msg.Krb.KDCReq.Nonce.V
			break
		}
	case m.Krb.APReq != nil:
		ap := m.Krb.APReq
		r.Presented = rd.ticket(&ap.Ticket, &rd.presented)
		r.Req.Authenticator = rd.int32(ap.Authenticator.EType)
		r.Req.AuthHash = authHash(&ap.Authenticator)
		r.Req.APOptions = ap.APOptions.V
		if x.Kind == decode.AP {
			r.SessionEtype = r.Req.Authenticator
		}
	}
}

func authHash(d *krb5.EncryptedData) uint64 {
	if len(d.Cipher) == 0 || d.Cut {
		return 0
	}
	return hash64(hashAuthenticator, d.Cipher)
}

func (rd *reader) reply(r *Record, x *decode.Exchange) {
	m := x.Reply
	switch k := m.Krb; {
	case k.KDCRep != nil:
		rep := &rd.answer
		*rep = Reply{FrameRef: refOf(m), What: k.Type.String(), Etype: rd.int32(k.KDCRep.EncPart.EType), KVNO: rd.uint32(k.KDCRep.EncPart.KVNO)}
		rep.CName = rd.principal(k.KDCRep.CName, k.KDCRep.CRealm)
		rep.Info2, _, rep.PAData = rd.keyInfo(k.KDCRep.PAData)
		r.Reply = rep
		r.Issued = rd.ticket(&k.KDCRep.Ticket, &rd.issued)
	case k.APRep != nil:
		rep := &rd.answer
		*rep = Reply{FrameRef: refOf(m), What: k.Type.String(), Etype: rd.int32(k.APRep.EncPart.EType), KVNO: rd.uint32(k.APRep.EncPart.KVNO)}
		for _, s := range x.Steps {
			if s.Msg != nil && s.Msg.Frame != m.Frame && s.Msg.Type() == krb5.APRepMsg && s.Msg.Src == x.Client {
				rep.TwoWays = true
			}
		}
		r.Reply = rep
	case k.Error != nil:
		r.Error = rd.failure(m, &rd.failed)
	}
}

func (rd *reader) attempt(r *Record, x *decode.Exchange) {
	a := x.Attempt
	info := &rd.tried
	*info = AttemptInfo{Mech: a.Mech, Verb: a.Verb, MechTypes: a.MechTypes, Rejected: a.Rejected}
	for i := range a.Tokens {
		if t := &a.Tokens[i]; t.Message != nil && t.Message == x.Request {
			info.TokenLen = t.Len
		}
	}
	r.Attempt = info
	if w := a.Result; w != nil {
		r.Word = &rd.said
		wordInto(r.Word, w)
	}
}

func word(w *decode.Result) *Word {
	if w == nil {
		return nil
	}
	v := &Word{}
	wordInto(v, w)
	v.Text = strings.Clone(v.Text)
	return v
}

func wordInto(v *Word, w *decode.Result) {
	*v = Word{FrameRef{w.Frame, w.Time}, w.Outcome, w.Code, w.NoCode, w.Split, w.CodeName, w.Text[:min(len(w.Text), keepText)]}
}

// names fills Client and Service. Names of the reply are the KDC's own
// spelling; under FAST its cname may be anonymous (RFC 6113 §5.4.2).
func (rd *reader) names(r *Record) {
	q := &r.Req
	switch r.Kind {
	case decode.AS, decode.TGS:
		r.Client = rd.at(q.CName, q.Realm)
		r.Service = rd.at(q.SName, q.Realm)
		switch {
		case r.Kind == decode.TGS && r.delegated():
			r.Client = "" // the reply names whom the asking service speaks for
		case r.Reply != nil && r.Reply.CName != "" && !anonymous(r.Reply.CName):
			r.Client = r.Reply.CName
		case r.Kind == decode.TGS:
			r.Client = ""
		}
		// RFC 6806 §7: with WRONG_REALM the client's realm is another one.
		if f := r.Error; r.Kind == decode.AS && r.Client == "" && f != nil && f.CName != "" && f.Code != errWrongRealm && !anonymous(f.CName) {
			r.Client = rd.at(f.CName, f.CRealm)
		}
		if t := r.Issued; t != nil && t.SName != "" {
			if r.Service == "" || samePrincipal(t.SName, q.SName) {
				r.Service = rd.at(t.SName, t.Realm)
			}
		}
		if f := r.Error; r.Service == "" && f != nil {
			r.Service = rd.at(f.SName, f.Realm)
		}
	default:
		if r.Presented != nil {
			r.Service = rd.at(r.Presented.SName, r.Presented.Realm)
		} else if f := r.Error; f != nil {
			r.Service = rd.at(f.SName, f.Realm)
		}
	}
}

// delegated tells a request for a ticket in another client's name: S4U2self
// and S4U2proxy, [MS-SFU] §3.1.5.1.
func (r *Record) delegated() bool {
	return r.Req.ForUser != "" || r.Req.KDCOptions&krb5.KDCConstrainedDeleg != 0 || slices.Contains(r.Req.PADataTypes, krb5.PAS4UX509User)
}

func anonymous(principal string) bool { return strings.HasPrefix(principal, "WELLKNOWN/ANONYMOUS") }

// openResult reads what keytabs made of a message.
func (rd *reader) openResult(m *decode.Message) *OpenResult {
	if m == nil || m.Opened == nil {
		return nil
	}
	o := m.Opened
	foreign := o.Differ&decode.DiffersName != 0
	own := o.Refusal
	if foreign {
		own = o.OwnRefusal
	}
	r := &OpenResult{Key: o.Key, Refusal: o.Refusal, WhyNot: o.WhyNot,
		Lacks: own == decode.NoKVNO || own == decode.NoEType, Misfit: own == decode.WrongSecret, Has: o.Has, Differs: o.Differs,
		Owner: rd.str([]byte(o.Owner)), Foreign: foreign, OwnWhyNot: o.OwnWhyNot, Unnamed: foreign && own == decode.NoPrincipal, ByPassword: o.ByPassword,
		Relabelled: !foreign && o.Differ&(decode.DiffersKVNO|decode.DiffersCase) != 0,
		Client:     rd.principal(o.CName, o.CRealm), Session: rd.int32(o.SessionKeyEType),
		Auth: rd.clockNS(o.AuthTime, krb5.Opt[int32]{}), Start: rd.clockNS(o.StartTime, krb5.Opt[int32]{}), End: rd.clockNS(o.EndTime, krb5.Opt[int32]{})}
	if a := o.Authenticator; a != nil {
		r.CTime, r.Subkey, r.BadAuth = rd.clockNS(a.CTime, a.CUSec), rd.int32(a.SubkeyEType), a.WhyNot
	}
	return r
}
