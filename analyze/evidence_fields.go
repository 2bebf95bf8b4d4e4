package analyze

import (
	"fmt"
	"slices"
	"strings"

	"kerbscope/decode"
)

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
