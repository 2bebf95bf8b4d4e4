package analyze

import (
	"net/netip"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// questionOf is what a client wants, whatever became of it. For AP the
// endpoint belongs to it: success at another one heals nothing, it is the
// control experiment. For AS and TGS any KDC may answer the same request.
func questionOf(r *Record) digest {
	switch r.Kind {
	case decode.AP, decode.Password:
		return questionBy(r).to(r.To)
	case decode.AS:
		if r.code() == errSkew {
			return clockQuestion(r)
		}
		if !r.asked() {
			return looseQuestion(r)
		}
		// As asked: the reply may spell it otherwise.
		return questionBy(r).names(r.Req.SName, "", r.Req.CName, r.Req.Realm, 0)
	}
	if !r.asked() {
		return looseQuestion(r)
	}
	return questionBy(r).names(r.Req.SName, r.Req.Realm, r.Req.ForUser, "", r.Req.KDCOptions&healOptions)
}

// A questionText is the beginning of a question: of what kind it is, and who asks.
type questionText struct {
	kind decode.Kind
	from netip.Addr
}

func questionBy(r *Record) questionText { return questionText{r.Kind, r.From.Addr()} }

func (q questionText) begin(b []byte, what byte) keyText {
	return append(keyText(b), byte(q.kind), what).addr(q.from)
}

func (q questionText) to(e netip.AddrPort) digest {
	var buf [64]byte
	return digestOf(q.begin(buf[:0], 1).end(e))
}

func (q questionText) names(service, realm, who, whoRealm string, options uint32) digest {
	var buf [256]byte
	k := q.begin(buf[:0], 2)
	for _, s := range [...]string{service, realm, who, whoRealm} {
		k = k.name(s)
	}
	return digestOf(k.num(int64(options)))
}

func (q questionText) bare(what byte) digest {
	var buf [32]byte
	return digestOf(q.begin(buf[:0], what))
}

// healOptions make a different question. User-to-user does not: Windows
// retries with it after MUST_USE_USER2USER (27).
const healOptions = krb5.KDCForwarded | krb5.KDCConstrainedDeleg

// asked tells whether the request is in view, and what it asks for.
func (r *Record) asked() bool { return r.Req.Frame != 0 && r.Req.SName != "" }

// looseQuestion stands for a request to a KDC that is not in view, or was cut
// before its names: a success of that client soon after may be its answer.
const loose = 3

func looseQuestion(r *Record) digest { return questionBy(r).bare(loose) }

// clockQuestion stands for a host whose clock a KDC refused: whoever of it is
// let in next shows that its clock was corrected.
func clockQuestion(r *Record) digest { return questionText{decode.AS, r.From.Addr()}.bare(4) }
