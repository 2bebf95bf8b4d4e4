package analyze

import (
	"net/netip"
	"slices"

	"kerbscope/decode"
)

// A kept is one exchange as a partial Case holds it: a Record in a tenth of its
// bytes and without pointers, which a Case of a million exchanges has to
// do with and the garbage collector need not look into. Join makes Records of
// it again.
type kept struct {
	rank       int
	start, end int64 // ns
	twin       uint64
	data       string // the rest, see packer
	healed     *healed
	row        *partRow
	mark       uint32 // of the freeze that saw it last
	number     int32  // in that freeze
	holds      int32  // how many refer to it, see holding
}

// healed is what healed a failure: the Healed fields of a Record.
type healed struct {
	by     FrameRef
	at     netip.AddrPort
	what   string
	unsure bool
}

func (h *healed) into(r *Record, k *clock) {
	if h != nil {
		r.Healed, r.HealedBy, r.HealedAt, r.HealedWhat, r.HealedUnsure = true, h.by.ref(k), h.at, h.what, h.unsure
	}
}

// A dictionary gives numbers to what comes again and again: the first so many
// of each kind. It only grows, so that a number is good for ever, and a copy of
// it as it was once goes on to be true.
type dictionary struct {
	words    []string
	wordID   map[string]uint32
	lists    [][]int32
	listID   map[string]uint32
	strings  [][]string
	stringID map[string]uint32
	recent   []struct { // the last words, by quick
		s  string
		id uint32
	}
}

const (
	maxWords    = 1 << 14
	maxWordLen  = 128
	maxLists    = 1 << 10
	maxListText = 1 << 10
)

func newDictionary() *dictionary {
	d := &dictionary{wordID: map[string]uint32{}, listID: map[string]uint32{}, stringID: map[string]uint32{}}
	d.recent = slices.Grow(d.recent, 1<<10)[:1<<10]
	return d
}

// frozen is what can be read while d grows.
func (d *dictionary) frozen() *dictionary {
	return &dictionary{words: d.words, lists: d.lists, strings: d.strings}
}

// A packer turns a Record into bytes, or bytes into a Record, by one and the
// same walk over its fields. Frames and times are written as what they differ
// by from the first ones; strings by their number, or by reference to the same
// string earlier in the record.
type packer struct {
	dict    *dictionary
	reading bool
	buf     []byte
	in      string
	slabs   *slabs
	clock   *clock // of what is read; nil: times stay as they are
	frame   decode.FrameID
	time    int64
	words   [16]string // of this record
	n       int
}

// pack is r without rank, twin and what healed it.
func (p *packer) pack(r *Record) string {
	p.reading, p.buf, p.n = false, p.buf[:0], 0
	p.record(r)
	return string(p.buf)
}

// unpack fills in r, whose Start, and no more, is set.
func (p *packer) unpack(data string, r *Record) {
	p.reading, p.in, p.n = true, data, 0
	p.record(r)
}

func (p *packer) record(r *Record) {
	p.frame, p.time = 0, r.Start
	q := &r.Req
	p.bits(&r.BothWays, &r.ClientHears, &r.AnswerLost, &q.FAST)
	has := [...]bool{r.Hint != nil, r.Error != nil, r.Reply != nil, r.Word != nil, r.Presented != nil, r.Issued != nil,
		r.Attempt != nil, r.Opened != nil, r.OpenedIssued != nil, r.OtherHint != nil}
	p.bits(&has[0], &has[1], &has[2], &has[3], &has[4], &has[5], &has[6], &has[7], &has[8], &has[9])
	number(p, &r.Kind)
	number(p, &r.Ending)
	number(p, &r.Transport)
	number(p, &r.Resent)
	p.end(&r.From)
	p.end(&r.To)
	p.strings(&r.Carrier)
	p.ref(&q.FrameRef)
	n := len(r.Steps)
	number(p, &n)
	if p.reading {
		r.Steps = take(&p.slabs.steps, n)
	}
	for i := range r.Steps {
		p.ref(&r.Steps[i].FrameRef)
		p.str(&r.Steps[i].What)
	}
	p.ref(&r.TooBig)
	p.ref(&r.Unheard)
	p.request(q)
	p.str(&r.Client)
	p.str(&r.Service)
	if given(p, &r.Presented, has[4], func() *[]TicketRef { return &p.slabs.tickets }) {
		p.ticket(r.Presented)
	}
	if given(p, &r.Issued, has[5], func() *[]TicketRef { return &p.slabs.tickets }) {
		p.ticket(r.Issued)
	}
	p.int32(&r.SessionEtype)
	for i, f := range [...]**Failure{&r.Hint, &r.Error, &r.OtherHint} {
		if given(p, f, has[[...]int{0, 1, 9}[i]], func() *[]Failure { return &p.slabs.failures }) {
			p.failure(*f)
		}
	}
	if given(p, &r.Reply, has[2], func() *[]Reply { return &p.slabs.replies }) {
		p.reply(r.Reply)
	}
	if given(p, &r.Word, has[3], func() *[]Word { return &p.slabs.carrierWords }) {
		w := r.Word
		p.ref(&w.FrameRef)
		number(p, &w.Outcome)
		number(p, &w.Code)
		p.bits(&w.NoCode, &w.Split)
		p.str(&w.CodeName)
		p.str(&w.Text)
	}
	if given(p, &r.Attempt, has[6], func() *[]AttemptInfo { return &p.slabs.attempts }) {
		a := r.Attempt
		p.str(&a.Mech)
		p.str(&a.Verb)
		p.strings(&a.MechTypes)
		p.bits(&a.Rejected)
		number(p, &a.TokenLen)
	}
	if given(p, &r.Opened, has[7], func() *[]OpenResult { return &p.slabs.opened }) {
		p.opened(r.Opened)
	}
	if given(p, &r.OpenedIssued, has[8], func() *[]OpenResult { return &p.slabs.opened }) {
		p.opened(r.OpenedIssued)
	}
}

func (p *packer) request(q *Request) {
	p.ints(&q.Etypes)
	p.ints(&q.FirstEtypes)
	number(p, &q.KDCOptions)
	number(p, &q.APOptions)
	p.str(&q.SName)
	p.str(&q.CName)
	p.str(&q.Realm)
	number(p, &q.SNameType)
	number(p, &q.CNameType)
	p.ints(&q.PADataTypes)
	p.int32(&q.PreauthEtype)
	p.str(&q.Preauth)
	p.uint32(&q.SupportedEnc)
	p.str(&q.ForUser)
	number(p, &q.Nonce)
	number(p, &q.FirstNonce)
	p.int32(&q.Authenticator)
	n := len(q.Additional)
	number(p, &n)
	if p.reading && n > 0 {
		q.Additional = take(&p.slabs.tickets, n)
	}
	for i := range q.Additional {
		p.ticket(&q.Additional[i])
	}
	number(p, &q.Addresses)
	number(p, &q.Length)
	number(p, &q.AuthHash)
}

func (p *packer) ticket(t *TicketRef) {
	if t.life != nil {
		p.buf = append(append(p.buf, 1), t.life.sum[:]...)
	} else {
		p.hash(&t.Hash)
	}
	p.str(&t.SName)
	p.str(&t.Realm)
	number(p, &t.Etype)
	p.uint32(&t.KVNO)
}

func (p *packer) failure(f *Failure) {
	p.ref(&f.FrameRef)
	number(p, &f.Code)
	p.bits(&f.Cut, &f.SkewRecovery, &f.HasInfo)
	p.str(&f.EText)
	p.int64(&f.STime)
	p.int64(&f.CTime)
	p.uint32(&f.NTStatus)
	p.keys(&f.Info2)
	p.ints(&f.PAData)
	p.str(&f.CRealm)
	p.str(&f.Realm)
	p.str(&f.SName)
	p.str(&f.CName)
}

func (p *packer) reply(v *Reply) {
	p.ref(&v.FrameRef)
	p.str(&v.What)
	p.int32(&v.Etype)
	p.uint32(&v.KVNO)
	p.keys(&v.Info2)
	p.ints(&v.PAData)
	p.str(&v.CName)
	p.bits(&v.TwoWays)
}

func (p *packer) opened(o *OpenResult) {
	p.bits(&o.Lacks, &o.Misfit, &o.Foreign, &o.Unnamed, &o.ByPassword, &o.Relabelled)
	number(p, &o.Refusal)
	for _, s := range [...]*string{&o.Key, &o.WhyNot, &o.Owner, &o.OwnWhyNot, &o.Client, &o.BadAuth} {
		p.str(s)
	}
	n := len(o.Has)
	number(p, &n)
	if p.reading && n > 0 {
		o.Has = take(&p.slabs.uint32s, n)
	}
	for i := range o.Has {
		number(p, &o.Has[i])
	}
	p.strings(&o.Differs)
	p.int32(&o.Session)
	p.int32(&o.Subkey)
	for _, t := range [...]**int64{&o.Auth, &o.Start, &o.End, &o.CTime} {
		p.int64(t)
	}
}
