package analyze

import (
	"fmt"
	"slices"
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

// firstRequest is the request before PREAUTH_REQUIRED.
func (r *Record) firstRequest() FrameRef {
	for _, s := range r.Steps {
		if s.What == requestType(r) {
			return s.FrameRef
		}
	}
	return FrameRef{}
}

func requestType(r *Record) string {
	switch r.Kind {
	case decode.AS:
		return "AS-REQ"
	case decode.TGS:
		return "TGS-REQ"
	}
	return "AP-REQ"
}

func msgType(r *Record) string { return msgFilter(requestType(r)) }

// msgFilter is true in a frame with a message of that type.
func msgFilter(what string) string {
	for n, name := range map[int]string{10: "AS-REQ", 11: "AS-REP", 12: "TGS-REQ", 13: "TGS-REP", 14: "AP-REQ", 15: "AP-REP", 30: "KRB-ERROR"} {
		if name == what {
			return fmt.Sprintf("kerberos.msg_type == %d", n)
		}
	}
	return ""
}

func listFact(f FrameRef, list []int32, filter string) (FrameRef, any, string, string) {
	if len(list) == 0 {
		return FrameRef{}, nil, "", ""
	}
	terms := []string{filter}
	for _, e := range list {
		terms = addOnce(terms, fmt.Sprintf("kerberos.ENCTYPE == %d", e))
	}
	return f, list, strings.Join(etypeNames(list), " "), strings.Join(terms, " && ")
}

func etypeFact(f FrameRef, e *int32, filter string) (FrameRef, any, string, string) {
	if e == nil {
		return FrameRef{}, nil, "", ""
	}
	return f, *e, etypeName(*e), fmt.Sprintf("kerberos.etype == %d", *e)
}

func kvnoFact(f FrameRef, k *uint32) (FrameRef, any, string, string) {
	if k == nil {
		return FrameRef{}, nil, "", ""
	}
	return f, *k, "", fmt.Sprintf("kerberos.kvno == %d", *k)
}

func codeFact(e *Failure) (FrameRef, any, string, string) {
	if e == nil {
		return FrameRef{}, nil, "", ""
	}
	return e.FrameRef, e.Code, errorName(e.Code), fmt.Sprintf("kerberos.error_code == %d", e.Code)
}

func infoFact(e *Failure) (FrameRef, any, string, string) {
	if e == nil || len(e.Info2) == 0 {
		return FrameRef{}, nil, "", ""
	}
	list := make([]int32, len(e.Info2))
	var terms []string
	for i, k := range e.Info2 {
		list[i] = k.Etype
		terms = addOnce(terms, fmt.Sprintf("kerberos.etype == %d", k.Etype))
	}
	return e.FrameRef, list, strings.Join(etypeNames(list), " "), strings.Join(terms, " && ")
}

func timeFact(e *Failure, read func(*Failure) *int64, field string) (FrameRef, any, string, string) {
	if e == nil || read(e) == nil {
		return FrameRef{}, nil, "", ""
	}
	return e.FrameRef, stamp(*read(e)), "", field
}

// nameFact cites a name; the filter asks for its last component.
func nameFact(f FrameRef, name, field string) (FrameRef, any, string, string) {
	if name == "" {
		return FrameRef{}, nil, "", ""
	}
	c := components(name)
	return f, name, "", quoted(field, c[len(c)-1])
}

// quotes escapes what ends a string of a display filter.
var quotes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// quoted compares a field with a string; "" when a display filter cannot hold it.
func quoted(field, s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] > 0x7e {
			return ""
		}
	}
	return field + ` == "` + quotes.Replace(s) + `"`
}

// Ports on which tshark takes TCP for the protocol without being told.
var dissectedPorts = map[string][]uint16{
	"kdc": {88}, "kpasswd": {464}, "smtp": {25, 587}, "ldap": {389, 3268}, "dns": {53},
}

// dissected tells whether Wireshark shows Kerberos fields in the carrier of r:
// not in SMTP, and not on ports that it does not know for a protocol without a heuristic.
func dissected(r *Record) bool {
	if len(r.Carrier) == 0 || r.Carrier[0] == "smtp" {
		return false
	}
	ports, ok := dissectedPorts[r.Carrier[0]]
	if !ok {
		switch r.Carrier[0] {
		case "smb2", "smb", "dcerpc", "http":
			return true
		case "rpcsec_gss": // of programs that it does not know it shows nothing
			return r.Attempt != nil && (strings.HasPrefix(r.Attempt.Verb, "NFS ") || strings.HasPrefix(r.Attempt.Verb, "kadmin "))
		}
		return false
	}
	for _, p := range ports {
		if r.To.Port() == p {
			return true
		}
	}
	return false
}

// bareError tells a DCE/RPC exchange with auth_type 16 and no GSS header around
// its tokens: Wireshark 4.0 does not look for a KRB-ERROR there.
func bareError(r *Record) bool {
	return slices.Contains(r.Carrier, "dcerpc") && !slices.Contains(r.Carrier, "spnego")
}

// wordFilter is true in the frame with the carrier's word.
func wordFilter(r *Record) string {
	if r.Word.Split {
		return ""
	}
	if slices.Contains(r.Carrier, "dcerpc") {
		return "" // of three kinds: bind_nak, fault, a token's state
	}
	switch code := r.Word.Code; r.Carrier[0] {
	case "smtp":
		if p := r.To.Port(); p == 25 || p == 587 {
			return fmt.Sprintf("smtp.response.code == %d", code)
		}
	case "http":
		return fmt.Sprintf("http.response.code == %d", code)
	case "ldap":
		return fmt.Sprintf("ldap.resultCode == %d", code)
	case "smb2":
		return fmt.Sprintf("smb2.nt_status == 0x%08x", uint32(code))
	case "smb":
		return fmt.Sprintf("smb.nt_status == 0x%08x", uint32(code))
	case "tds":
		if code != 0 && r.To.Port() == 1433 {
			return fmt.Sprintf("tds.error.number == %d", code)
		}
	case "dns":
		switch {
		case r.To.Port() != 53:
		case code > 10: // behind the RCODEs are the errors of records
			return fmt.Sprintf("(dns.tkey.error == %d || dns.tsig.error == %d)", code, code)
		default:
			return fmt.Sprintf("dns.flags.rcode == %d", code)
		}
	case "rpcsec_gss":
		switch name := r.Word.CodeName; {
		case strings.HasPrefix(name, "GSS_S_"):
			return fmt.Sprintf("rpc.authgss.major == %d", code)
		case strings.HasPrefix(name, "AUTH_"), strings.HasPrefix(name, "RPCSEC_GSS_"):
			return fmt.Sprintf("rpc.state_auth == %d", code)
		}
	}
	return ""
}

// openedFact is what a keytab says of the ticket presented; Wireshark says it
// with the same keytab, but has no field for it.
func openedFact(r *Record, say func(*OpenResult) string) (FrameRef, any, string, string) {
	if r.Opened == nil || say(r.Opened) == "" {
		return FrameRef{}, nil, "", ""
	}
	return r.Req.FrameRef, say(r.Opened), "", ""
}
