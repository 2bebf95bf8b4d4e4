package analyze

import (
	"fmt"
	"strings"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// A fact is one thing that a record can be cited for.
type fact struct {
	name string // what rules cite
	path string // field of decode's row; empty: as name
	read func(*Record) (f FrameRef, value any, name, wireshark string)
}

// facts lists what can be cited, each with the frame that it stands in. A
// record without it is passed over.
var facts = []fact{
	{name: "etypes", read: func(r *Record) (FrameRef, any, string, string) {
		return listFact(r.Req.FrameRef, r.Req.Etypes, msgType(r))
	}},
	{name: "first.etypes", path: "etypes", read: func(r *Record) (FrameRef, any, string, string) {
		return listFact(r.firstRequest(), r.Req.FirstEtypes, msgType(r))
	}},
	{name: "kdc_options", read: func(r *Record) (FrameRef, any, string, string) {
		if r.Kind != decode.AS && r.Kind != decode.TGS || r.Req.Frame == 0 {
			return FrameRef{}, nil, "", ""
		}
		o := r.Req.KDCOptions
		return r.Req.FrameRef, fmt.Sprintf("0x%08x", o), strings.Join(krb5.KDCOptionNames(o), ", "), fmt.Sprintf("kerberos.kdc_options == %02x:%02x:%02x:%02x", o>>24, o>>16&0xff, o>>8&0xff, o&0xff)
	}},
	{name: "cname", read: func(r *Record) (FrameRef, any, string, string) {
		return nameFact(r.Req.FrameRef, r.Req.CName, "kerberos.CNameString")
	}},
	{name: "sname", read: func(r *Record) (FrameRef, any, string, string) {
		return nameFact(r.Req.FrameRef, r.Req.SName, "kerberos.SNameString")
	}},
	{name: "realm", read: func(r *Record) (FrameRef, any, string, string) {
		return nameFact(r.Req.FrameRef, r.Req.Realm, "kerberos.realm")
	}},
	{name: "preauth_etype", read: func(r *Record) (FrameRef, any, string, string) {
		return etypeFact(r.Req.FrameRef, r.Req.PreauthEtype, "")
	}},
	{name: "supported_enctypes", path: "padata.supported_enctypes", read: func(r *Record) (FrameRef, any, string, string) {
		if r.Req.SupportedEnc == nil {
			return FrameRef{}, nil, "", ""
		}
		return r.Req.FrameRef, fmt.Sprintf("0x%x", *r.Req.SupportedEnc), "", "kerberos.padata_type == 165"
	}},
	{name: "hint.error_code", path: "error_code", read: func(r *Record) (FrameRef, any, string, string) { return codeFact(r.Hint) }},
	{name: "hint.etype_info2", path: "e_data.method_data.etype_info2", read: func(r *Record) (FrameRef, any, string, string) { return infoFact(r.Hint) }},
	{name: "error_code", read: func(r *Record) (FrameRef, any, string, string) { return codeFact(r.Error) }},
	{name: "error.etype_info2", path: "e_data.method_data.etype_info2", read: func(r *Record) (FrameRef, any, string, string) { return infoFact(r.Error) }},
	{name: "e_text", read: func(r *Record) (FrameRef, any, string, string) {
		if r.Error == nil || r.Error.EText == "" {
			return FrameRef{}, nil, "", ""
		}
		return nameFact(r.Error.FrameRef, r.Error.EText, "kerberos.e_text")
	}},
	{name: "stime", read: func(r *Record) (FrameRef, any, string, string) {
		return timeFact(r.Error, func(f *Failure) *int64 { return f.STime }, "kerberos.stime")
	}},
	{name: "hint.stime", path: "stime", read: func(r *Record) (FrameRef, any, string, string) {
		return timeFact(r.Hint, func(f *Failure) *int64 { return f.STime }, "kerberos.stime")
	}},
	{name: "ctime", read: func(r *Record) (FrameRef, any, string, string) {
		return timeFact(r.Error, func(f *Failure) *int64 { return f.CTime }, "kerberos.ctime")
	}},
	{name: "e_data.ntstatus", path: "e_data.kerb_error_data.ntstatus", read: func(r *Record) (FrameRef, any, string, string) {
		if r.Error == nil || r.Error.NTStatus == nil || len(r.Error.PAData) > 0 {
			return FrameRef{}, nil, "", ""
		}
		s := *r.Error.NTStatus
		return r.Error.FrameRef, s, ntstatusName(s), fmt.Sprintf("kerberos.smb.nt_status == 0x%08x", s)
	}},
	// As padata, which Wireshark does not look into.
	{name: "e_data.ntstatus", path: "e_data.method_data.ntstatus", read: func(r *Record) (FrameRef, any, string, string) {
		if r.Error == nil || r.Error.NTStatus == nil || len(r.Error.PAData) == 0 {
			return FrameRef{}, nil, "", ""
		}
		return r.Error.FrameRef, *r.Error.NTStatus, ntstatusName(*r.Error.NTStatus), ""
	}},
	{name: "reply.etype", path: "enc_part.etype", read: func(r *Record) (FrameRef, any, string, string) {
		if r.Reply == nil {
			return FrameRef{}, nil, "", ""
		}
		return etypeFact(r.Reply.FrameRef, r.Reply.Etype, "")
	}},
	{name: "reply.etype_info2", path: "padata.etype_info2", read: func(r *Record) (FrameRef, any, string, string) {
		if r.Reply == nil {
			return FrameRef{}, nil, "", ""
		}
		return infoFact(&Failure{FrameRef: r.Reply.FrameRef, Info2: r.Reply.Info2})
	}},
	{name: "issued.etype", path: "ticket.etype", read: func(r *Record) (FrameRef, any, string, string) {
		if r.Reply == nil || r.Issued == nil {
			return FrameRef{}, nil, "", ""
		}
		return etypeFact(r.Reply.FrameRef, &r.Issued.Etype, "")
	}},
	{name: "issued.kvno", path: "ticket.kvno", read: func(r *Record) (FrameRef, any, string, string) {
		if r.Reply == nil || r.Issued == nil {
			return FrameRef{}, nil, "", ""
		}
		return kvnoFact(r.Reply.FrameRef, r.Issued.KVNO)
	}},
	{name: "issued.sname", path: "ticket.sname", read: func(r *Record) (FrameRef, any, string, string) {
		if r.Reply == nil || r.Issued == nil {
			return FrameRef{}, nil, "", ""
		}
		return nameFact(r.Reply.FrameRef, r.Issued.SName, "kerberos.SNameString")
	}},
	{name: "issued.hash", path: "ticket.hash", read: func(r *Record) (FrameRef, any, string, string) {
		if r.Reply == nil || r.Issued == nil || r.Issued.Hash == "" {
			return FrameRef{}, nil, "", ""
		}
		return r.Reply.FrameRef, r.Issued.Hash, "", "kerberos.cipher"
	}},
	{name: "ticket.etype", read: func(r *Record) (FrameRef, any, string, string) {
		if r.Presented == nil {
			return FrameRef{}, nil, "", ""
		}
		return etypeFact(r.Req.FrameRef, &r.Presented.Etype, "")
	}},
	{name: "ticket.kvno", read: func(r *Record) (FrameRef, any, string, string) {
		if r.Presented == nil {
			return FrameRef{}, nil, "", ""
		}
		return kvnoFact(r.Req.FrameRef, r.Presented.KVNO)
	}},
	{name: "ticket.sname", read: func(r *Record) (FrameRef, any, string, string) {
		if r.Presented == nil {
			return FrameRef{}, nil, "", ""
		}
		return nameFact(r.Req.FrameRef, r.Presented.SName, "kerberos.SNameString")
	}},
	{name: "ticket.hash", read: func(r *Record) (FrameRef, any, string, string) {
		if r.Presented == nil || r.Presented.Hash == "" {
			return FrameRef{}, nil, "", ""
		}
		return r.Req.FrameRef, r.Presented.Hash, "", "kerberos.cipher"
	}},
	{name: "opened.key", read: func(r *Record) (FrameRef, any, string, string) {
		return openedFact(r, func(o *OpenResult) string { return o.Key })
	}},
	{name: "opened.why_not", read: func(r *Record) (FrameRef, any, string, string) {
		return openedFact(r, func(o *OpenResult) string { return o.WhyNot })
	}},
	{name: "opened.own_why_not", read: func(r *Record) (FrameRef, any, string, string) {
		return openedFact(r, func(o *OpenResult) string { return o.OwnWhyNot })
	}},
	{name: "authenticator_etype", read: func(r *Record) (FrameRef, any, string, string) {
		return etypeFact(r.Req.FrameRef, r.Req.Authenticator, "")
	}},
	{name: "ap_rep", path: "msg_type", read: func(r *Record) (FrameRef, any, string, string) {
		if r.Reply == nil || r.Kind != decode.AP && r.Kind != decode.Password {
			return FrameRef{}, nil, "", ""
		}
		return r.Reply.FrameRef, r.Reply.What, "", "kerberos.msg_type == 15"
	}},
	{name: "reply", path: "msg_type", read: func(r *Record) (FrameRef, any, string, string) {
		if r.Reply == nil {
			return FrameRef{}, nil, "", ""
		}
		return r.Reply.FrameRef, r.Reply.What, "", msgFilter(r.Reply.What)
	}},
	{name: "carrier_result.code", path: "carrier_result.code_name", read: func(r *Record) (FrameRef, any, string, string) {
		if r.Word == nil || r.Word.Frame == 0 || !r.Word.NoCode {
			return FrameRef{}, nil, "", ""
		}
		return r.Word.FrameRef, r.Word.CodeName, "", ""
	}},
	{name: "carrier_result.code", read: func(r *Record) (FrameRef, any, string, string) {
		if r.Word == nil || r.Word.Frame == 0 || r.Word.NoCode {
			return FrameRef{}, nil, "", ""
		}
		return r.Word.FrameRef, r.Word.Code, r.Word.CodeName, wordFilter(r)
	}},
	{name: "too_big", path: "error_code", read: func(r *Record) (FrameRef, any, string, string) {
		if r.TooBig.Frame == 0 {
			return FrameRef{}, nil, "", ""
		}
		return r.TooBig, int32(errResponseTooBig), errorName(errResponseTooBig), "kerberos.error_code == 52"
	}},
	{name: "request", path: "msg_type", read: func(r *Record) (FrameRef, any, string, string) {
		if r.Req.Frame == 0 {
			return FrameRef{}, nil, "", ""
		}
		m := requestType(r)
		return r.Req.FrameRef, m, "", msgFilter(m)
	}},
	{name: "healed_by", path: "msg_type", read: func(r *Record) (FrameRef, any, string, string) {
		if r.HealedBy.Frame == 0 {
			return FrameRef{}, nil, "", ""
		}
		return r.HealedBy, r.HealedWhat, "", msgFilter(r.HealedWhat)
	}},
}

// cite adds fields of r to the evidence of f, each once.
func (c *Case) cite(f *Finding, r *Record, fields ...string) {
	for _, name := range fields {
		for i := range facts {
			if facts[i].name != name {
				continue
			}
			at, value, valueName, filter := facts[i].read(r)
			if at.Frame == 0 || value == nil {
				continue // another row of that name may have it
			}
			path := facts[i].path
			if path == "" {
				path = name
			}
			if !dissected(r) && !strings.HasPrefix(filter, "smtp.") && !strings.HasPrefix(filter, "tds.") || bareError(r) && r.Error != nil && at.Frame == r.Error.Frame {
				filter = ""
			}
			c.citeFrame(f, at.Frame, path, value, valueName, filter)
			f.citeFlow(citedFlow{r.From.Addr(), r.To, r.Kind, issuedName(r)})
			break
		}
	}
}

// citeFrame adds any field of any frame to the evidence of f, once.
func (c *Case) citeFrame(f *Finding, frame decode.FrameID, path string, value any, name, filter string) {
	e := Evidence{Capture: c.CaptureName(frame), Frame: frame.Number(), Field: path, Value: value, ValueName: name, Wireshark: filter}
	for i := range f.Evidence {
		if o := &f.Evidence[i]; o.Capture == e.Capture && o.Frame == e.Frame && o.Field == e.Field {
			return
		}
	}
	f.Evidence = append(f.Evidence, e)
}
