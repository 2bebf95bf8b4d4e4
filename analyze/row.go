package analyze

import (
	"cmp"
	"fmt"

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

	key    digest // see keyOf
	ending decode.Ending
}

// Record is the first exemplar.
func (r *Row) Record() *Record { return r.Exemplars[0] }

// headRecords and tailRecords are the exemplars kept of a row.
const (
	headRecords = 4
	tailRecords = 4
)

const none = int64(-1 << 40)

func num[T int32 | uint32](p *T) int64 {
	if p == nil {
		return none
	}
	return int64(*p)
}

// keyOptions are the KDC options that make a different question.
const keyOptions = krb5.KDCForwarded | krb5.KDCConstrainedDeleg | krb5.KDCEncTktInSkey | krb5.KDCRenew | krb5.KDCValidate | krb5.KDCAnonymous

// keyOf is what the exchanges of a row have in common.
func keyOf(r *Record) digest {
	var buf [384]byte
	k := keyText(buf[:0])
	k = k.num(int64(r.Kind)<<16 | int64(r.Ending)<<8 | int64(r.Transport))
	k = k.yes(r.Healed, r.Unheard.Frame != 0)
	k = k.name(r.Client)
	k = k.name(r.Service)
	k = k.addr(r.From.Addr())
	k = k.end(r.To)
	k = k.str(r.Req.Preauth)
	k = k.ints(r.Req.Etypes)
	k = k.str(r.Req.ForUser)
	if r.Kind == decode.AP {
		k = k.num(int64(r.Req.APOptions))
		k = k.num(int64(len(r.Carrier)))
		for _, s := range r.Carrier {
			k = k.str(s)
		}
		if r.Attempt != nil {
			k = k.str(r.Attempt.Verb)
		}
	} else {
		k = k.num(int64(r.Req.KDCOptions & keyOptions))
	}
	k = k.num(num(r.Req.PreauthEtype))
	k = k.num(num(r.SessionEtype))
	t := r.Issued
	if t == nil && r.Kind != decode.AS {
		t = r.Presented
	}
	k = k.yes(t != nil, r.Reply != nil, r.Error != nil, r.Error == nil && r.Word != nil, r.Opened != nil)
	if t != nil {
		k = k.num(int64(t.Etype))
		k = k.num(num(t.KVNO))
	}
	if r.Reply != nil {
		k = k.num(num(r.Reply.Etype))
	}
	info := r.hinted()
	switch {
	case r.Error != nil:
		k = k.num(int64(r.Error.Code))
		k = k.num(num(r.Error.NTStatus))
		if len(info) == 0 {
			info = r.Error.Info2
		}
	case r.Word != nil:
		k = k.num(r.Word.Code)
	}
	k = k.num(int64(len(info)))
	for i := range info {
		k = k.num(int64(info[i].Etype))
	}
	if o := r.Opened; o != nil {
		k = k.yes(o.Key != "")
		k = k.num(int64(o.Refusal))
		k = k.name(o.Owner)
	}
	return digestOf(k)
}

func (r *Record) hinted() []KeyInfo {
	if r.Hint == nil {
		return nil
	}
	return r.Hint.Info2
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

func byTime(a, b *Record) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.firstFrame(), b.firstFrame()), cmp.Compare(a.rank, b.rank))
}

func (r *Record) firstFrame() decode.FrameID {
	if len(r.Steps) > 0 {
		return r.Steps[0].Frame
	}
	return r.Req.Frame
}
