package analyze

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"

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

// given makes what *v points to when reading, and tells whether there is any.
func given[T any](p *packer, v **T, has bool, slab func() *[]T) bool {
	if has && p.reading {
		*v = &take(slab(), 1)[0]
	}
	return has
}

type whole interface {
	~uint8 | ~uint32 | ~uint64 | ~int | ~int32 | ~int64
}

func number[T whole](p *packer, v *T) {
	if p.reading {
		*v = T(p.varint())
		return
	}
	p.buf = binary.AppendVarint(p.buf, int64(*v))
}

func (p *packer) varint() int64 {
	u := p.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (p *packer) uvarint() (u uint64) {
	for i := 0; ; i++ {
		b := p.in[i]
		u |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			p.in = p.in[i+1:]
			return u
		}
	}
}

// bits are up to 64 truths.
func (p *packer) bits(list ...*bool) {
	var u uint64
	if p.reading {
		u = p.uvarint()
		for i, v := range list {
			*v = u>>i&1 != 0
		}
		return
	}
	for i, v := range list {
		if *v {
			u |= 1 << i
		}
	}
	p.buf = binary.AppendUvarint(p.buf, u)
}

func (p *packer) ref(f *FrameRef) {
	has := *f != FrameRef{}
	if p.reading {
		if has = p.in[0] != 0; !has {
			p.in = p.in[1:]
			return
		}
		p.in = p.in[1:]
		f.Frame = p.frame + decode.FrameID(p.varint())
		f.Time = p.time + p.varint()
		p.frame, p.time = f.Frame, f.Time
		*f = f.ref(p.clock)
		return
	}
	if !has {
		p.buf = append(p.buf, 0)
		return
	}
	p.buf = binary.AppendVarint(append(p.buf, 1), int64(f.Frame-p.frame))
	p.buf = binary.AppendVarint(p.buf, f.Time-p.time)
	p.frame, p.time = f.Frame, f.Time
}

// end is an address and a port, without a zone: packets have none.
func (p *packer) end(e *netip.AddrPort) {
	if p.reading {
		n := int(p.in[0])
		port := uint16(p.in[1])<<8 | uint16(p.in[2])
		b := p.in[3 : 3+n]
		p.in = p.in[3+n:]
		switch n {
		case 4:
			*e = netip.AddrPortFrom(netip.AddrFrom4([4]byte{b[0], b[1], b[2], b[3]}), port)
		case 16:
			var a [16]byte
			copy(a[:], b)
			*e = netip.AddrPortFrom(netip.AddrFrom16(a), port)
		default:
			*e = netip.AddrPortFrom(netip.Addr{}, port)
		}
		return
	}
	port := e.Port()
	switch a := e.Addr(); {
	case a.Is4():
		b := a.As4()
		p.buf = append(append(p.buf, 4, byte(port>>8), byte(port)), b[:]...)
	case a.IsValid():
		b := a.As16()
		p.buf = append(append(p.buf, 16, byte(port>>8), byte(port)), b[:]...)
	default:
		p.buf = append(p.buf, 0, byte(port>>8), byte(port))
	}
}

// How a string is written: its number and one of these in the two lowest bits,
// 0 for an empty one.
const (
	wordEarlier = 1 + iota // the n-th of this record
	wordKnown              // of the dictionary
	wordHere               // so many bytes follow
)

func (p *packer) str(s *string) {
	if p.reading {
		u := p.uvarint()
		n := u >> 2
		switch u & 3 {
		case wordEarlier:
			*s = p.words[n]
			return
		case wordKnown:
			*s = p.dict.words[n]
		case wordHere:
			*s = p.slabs.own(p.in[:n])
			p.in = p.in[n:]
		default:
			*s = ""
			return
		}
		p.remember(*s)
		return
	}
	if *s == "" {
		p.buf = append(p.buf, 0)
		return
	}
	for i := range p.n {
		if p.words[i] == *s {
			p.buf = append(p.buf, byte(i<<2|wordEarlier))
			return
		}
	}
	if id, ok := p.dict.word(*s); ok {
		p.buf = binary.AppendUvarint(p.buf, uint64(id)<<2|wordKnown)
	} else {
		p.buf = append(binary.AppendUvarint(p.buf, uint64(len(*s))<<2|wordHere), *s...)
	}
	p.remember(*s)
}

func (p *packer) remember(s string) {
	if p.n < len(p.words) {
		p.words[p.n] = s
		p.n++
	}
}

func (d *dictionary) word(s string) (uint32, bool) {
	near := &d.recent[quick(s)%uint64(len(d.recent))]
	if near.s == s {
		return near.id, true
	}
	id, ok := d.wordID[s]
	if !ok && len(d.words) < maxWords && len(s) <= maxWordLen {
		id, ok = uint32(len(d.words)), true
		s = strings.Clone(s)
		d.words = append(d.words, s)
		d.wordID[s] = id
	}
	if ok {
		near.s, near.id = d.words[id], id
	}
	return id, ok
}

// hash is a SHA-256 in hex, or any other string.
func (p *packer) hash(s *string) {
	if p.reading {
		if p.in[0] != 1 {
			p.in = p.in[1:]
			p.str(s)
			return
		}
		var sum [sha256.Size]byte
		copy(sum[:], p.in[1:])
		p.in = p.in[1+len(sum):]
		*s = p.slabs.hashOf(&sum)
		return
	}
	var sum [sha256.Size]byte
	if len(*s) == hex.EncodedLen(len(sum)) && lower(*s) == *s {
		if _, err := hex.Decode(sum[:], []byte(*s)); err == nil {
			p.buf = append(append(p.buf, 1), sum[:]...)
			return
		}
	}
	p.buf = append(p.buf, 0)
	p.str(s)
}

func (p *packer) ints(list *[]int32) {
	if p.reading {
		u := p.uvarint()
		switch {
		case u == 0:
		case u&1 != 0:
			*list = p.dict.lists[u>>1]
		default:
			*list = take(&p.slabs.int32s, int(u>>1))
			for i := range *list {
				number(p, &(*list)[i])
			}
		}
		return
	}
	if len(*list) == 0 {
		p.buf = append(p.buf, 0)
		return
	}
	var buf [64]byte
	key := keyText(buf[:0])
	key = key.ints(*list)
	d := p.dict
	id, ok := d.listID[string(key)]
	if !ok && len(d.lists) < maxLists {
		id, ok = uint32(len(d.lists)), true
		d.lists = append(d.lists, append([]int32(nil), *list...))
		d.listID[string(key)] = id
	}
	if ok {
		p.buf = binary.AppendUvarint(p.buf, uint64(id)<<1|1)
		return
	}
	p.buf = binary.AppendUvarint(p.buf, uint64(len(*list))<<1)
	for i := range *list {
		number(p, &(*list)[i])
	}
}

func (p *packer) strings(list *[]string) {
	if p.reading {
		u := p.uvarint()
		switch {
		case u == 0:
		case u&1 != 0:
			*list = p.dict.strings[u>>1]
		default:
			*list = take(&p.slabs.strings, int(u>>1))
			for i := range *list {
				p.str(&(*list)[i])
			}
		}
		return
	}
	if len(*list) == 0 {
		p.buf = append(p.buf, 0)
		return
	}
	var buf [128]byte
	key := keyText(buf[:0])
	for _, s := range *list {
		key = key.str(s)
	}
	d := p.dict
	id, ok := d.stringID[string(key)]
	if !ok && len(d.strings) < maxLists && len(key) <= maxListText {
		id, ok = uint32(len(d.strings)), true
		d.strings = append(d.strings, append([]string(nil), *list...))
		d.stringID[string(key)] = id
	}
	if ok {
		p.buf = binary.AppendUvarint(p.buf, uint64(id)<<1|1)
		return
	}
	p.buf = binary.AppendUvarint(p.buf, uint64(len(*list))<<1)
	for i := range *list {
		p.str(&(*list)[i])
	}
}

func (p *packer) keys(list *[]KeyInfo) {
	n := len(*list)
	number(p, &n)
	if p.reading && n > 0 {
		*list = take(&p.slabs.keys, n)
	}
	for i := range *list {
		k := &(*list)[i]
		number(p, &k.Etype)
		p.str(&k.Salt)
		p.bits(&k.HasSalt)
	}
}

func (p *packer) int32(v **int32)   { optional(p, v, func() *[]int32 { return &p.slabs.int32s }) }
func (p *packer) uint32(v **uint32) { optional(p, v, func() *[]uint32 { return &p.slabs.uint32s }) }
func (p *packer) int64(v **int64)   { optional(p, v, func() *[]int64 { return &p.slabs.int64s }) }

func optional[T whole](p *packer, v **T, slab func() *[]T) {
	has := *v != nil
	p.bits(&has)
	if given(p, v, has, slab) {
		number(p, *v)
	}
}
