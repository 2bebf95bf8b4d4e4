package analyze

import (
	"crypto/sha256"
	"encoding/binary"
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
// again are kept once.
type reader struct {
	strings map[string]string
	lists   map[string][]int32
}

const keepInterned = 1 << 15

func newReader() *reader {
	return &reader{strings: map[string]string{}, lists: map[string][]int32{}}
}

func (rd *reader) str(b []byte) string {
	if len(b) > keepName {
		b = b[:keepName]
	}
	if s, ok := rd.strings[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(rd.strings) < keepInterned {
		rd.strings[s] = s
	}
	return s
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

func opt[T any](o krb5.Opt[T]) *T {
	if !o.OK {
		return nil
	}
	v := o.V
	return &v
}

func refOf(m *decode.Message) FrameRef {
	if m == nil {
		return FrameRef{}
	}
	return FrameRef{m.Frame, m.Time}
}

// hash64 identifies bytes across captures.
func hash64(parts ...[]byte) uint64 {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	var sum [sha256.Size]byte
	return binary.BigEndian.Uint64(h.Sum(sum[:0]))
}

func (rd *reader) record(x *decode.Exchange) *Record {
	r := &Record{
		Kind: x.Kind, From: x.Client, To: x.Server, Transport: x.Transport, Carrier: x.Carrier,
		Ending: x.Ending, Start: x.Started, End: x.Ended, BothWays: x.BothWays, ClientHears: x.ClientHears, Resent: x.Resent,
		TooBig: refOf(x.TooBig), Unheard: refOf(x.Unheard),
	}
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
		r.Hint = rd.failure(x.Hint)
	}
	if x.Reply != nil && x.Reply.Krb != nil {
		rd.reply(r, x)
		if r.twin == 0 && len(x.Reply.Krb.Raw) > 0 {
			r.twin = hash64([]byte("reply"), x.Reply.Krb.Raw)
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
	r.twin = hash64(m.Krb.Raw)
	switch {
	case m.Krb.KDCReq != nil:
		rd.kdcReq(&r.Req, m.Krb.KDCReq)
		if ap := m.Krb.KDCReq.APReq; ap != nil {
			r.Presented = rd.ticket(&ap.Ticket)
			r.Req.Authenticator = opt(ap.Authenticator.EType)
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
		r.Presented = rd.ticket(&ap.Ticket)
		r.Req.Authenticator = opt(ap.Authenticator.EType)
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
	return hash64(d.Cipher)
}

func (rd *reader) reply(r *Record, x *decode.Exchange) {
	m := x.Reply
	switch k := m.Krb; {
	case k.KDCRep != nil:
		rep := &Reply{FrameRef: refOf(m), What: k.Type.String(), Etype: opt(k.KDCRep.EncPart.EType), KVNO: opt(k.KDCRep.EncPart.KVNO)}
		rep.CName = rd.principal(k.KDCRep.CName, k.KDCRep.CRealm)
		rep.Info2, _, rep.PAData = rd.keyInfo(k.KDCRep.PAData)
		r.Reply = rep
		r.Issued = rd.ticket(&k.KDCRep.Ticket)
	case k.APRep != nil:
		rep := &Reply{FrameRef: refOf(m), What: k.Type.String(), Etype: opt(k.APRep.EncPart.EType), KVNO: opt(k.APRep.EncPart.KVNO)}
		for _, s := range x.Steps {
			if s.Msg != nil && s.Msg.Frame != m.Frame && s.Msg.Type() == krb5.APRepMsg && s.Msg.Src == x.Client {
				rep.TwoWays = true
			}
		}
		r.Reply = rep
	case k.Error != nil:
		r.Error = rd.failure(m)
	}
}

func (rd *reader) attempt(r *Record, x *decode.Exchange) {
	a := x.Attempt
	info := &AttemptInfo{Mech: a.Mech, Verb: a.Verb, MechTypes: a.MechTypes, Rejected: a.Rejected}
	for i := range a.Tokens {
		if t := &a.Tokens[i]; t.Message != nil && t.Message == x.Request {
			info.TokenLen = t.Len
		}
	}
	r.Attempt = info
	r.Word = word(a.Result)
}

func word(w *decode.Result) *Word {
	if w == nil {
		return nil
	}
	return &Word{FrameRef{w.Frame, w.Time}, w.Outcome, w.Code, w.NoCode, w.Split, w.CodeName, strings.Clone(w.Text[:min(len(w.Text), keepText)])}
}

// names fills Client and Service. Names of the reply are the KDC's own
// spelling; under FAST its cname may be anonymous (RFC 6113 §5.4.2).
func (rd *reader) names(r *Record) {
	q := &r.Req
	switch r.Kind {
	case decode.AS, decode.TGS:
		r.Client = at(q.CName, q.Realm)
		r.Service = at(q.SName, q.Realm)
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
			r.Client = at(f.CName, f.CRealm)
		}
		if t := r.Issued; t != nil && t.SName != "" {
			if r.Service == "" || samePrincipal(t.SName, q.SName) {
				r.Service = t.Principal()
			}
		}
		if f := r.Error; r.Service == "" && f != nil {
			r.Service = at(f.SName, f.Realm)
		}
	default:
		if r.Presented != nil {
			r.Service = r.Presented.Principal()
		} else if f := r.Error; f != nil {
			r.Service = at(f.SName, f.Realm)
		}
	}
	r.Client, r.Service = rd.str([]byte(r.Client)), rd.str([]byte(r.Service))
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
		Client:     rd.principal(o.CName, o.CRealm), Session: opt(o.SessionKeyEType),
		Auth: clockNS(o.AuthTime, krb5.Opt[int32]{}), Start: clockNS(o.StartTime, krb5.Opt[int32]{}), End: clockNS(o.EndTime, krb5.Opt[int32]{})}
	if a := o.Authenticator; a != nil {
		r.CTime, r.Subkey, r.BadAuth = clockNS(a.CTime, a.CUSec), opt(a.SubkeyEType), a.WhyNot
	}
	return r
}
