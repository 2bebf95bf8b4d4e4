package main

import (
	"slices"
	"strconv"
	"strings"

	"kerbscope/decode/krb5"
)

// lineWords is the part of a line behind the message type, word for word.
type lineWords struct {
	b    []byte
	from int // where in b the line begins
}

func (w *lineWords) add(words ...string) {
	if n := len(w.b); n > 0 && w.b[n-1] != ' ' {
		w.b = append(w.b, ' ')
	}
	for _, s := range words {
		w.b = append(w.b, s...)
	}
}

// details are what matters of the row's type, and what went wrong with it.
func (w *lineWords) details(r *row) {
	switch r.MsgType {
	case "AS-REQ":
		w.asReq(r)
	case "TGS-REQ":
		w.tgsReq(r)
	case "AS-REP", "TGS-REP":
		w.kdcRep(r)
	case "KRB-ERROR":
		w.krbError(r)
	case "TGT-REQ":
		w.name("for ", r.SName, r.Realm, "")
	default:
		w.tickets(r)
	}
	if c := r.CarrierResult; c != nil {
		w.add(resultText(c))
	}
	for _, s := range openedDetails(r.Opened) {
		w.add(s)
	}
	if n := len(r.Anomalies); n > 0 {
		w.add("[", clip(escape(r.Anomalies[0].What), 60), "]")
		if n > 1 {
			w.add("[and ", strconv.Itoa(n-1), " more]")
		}
	}
	if m := r.Malformed; m != nil {
		w.add("[malformed at byte ", strconv.Itoa(m.Offset), ": ", clip(escape(m.What), 60), "]")
	}
}

// name adds a principal, with its realm unless that is known already.
func (w *lineWords) name(before, name, realm, known string) {
	if realm == known {
		realm = ""
	}
	if name != "" || realm != "" {
		w.add(before, principal(name, realm))
	}
}

func (w *lineWords) asReq(r *row) {
	w.name("", r.CName, r.Realm, "")
	if r.SName != "krbtgt/"+r.Realm {
		w.name("for ", r.SName, r.Realm, r.Realm)
	}
	w.etypes("etypes ", r.Etypes)
	if s := preauthWords(r); s != "" {
		w.add(s)
	}
}

// preauthWords says how a client shows in an AS-REQ that it knows its key; ""
// when the padata did not come whole.
func preauthWords(r *row) string {
	if r.PreauthEtype != nil {
		return "preauth " + etypeWord(*r.PreauthEtype)
	}
	for _, pa := range r.PAData {
		switch {
		case pa.Type == krb5.PAPKASReq || slices.Contains(paPKASOld, pa.Type):
			return "preauth PKINIT"
		case pa.SPAKE != nil && pa.SPAKE.Kind != "support":
			return "preauth SPAKE"
		case pa.FAST != nil:
			return "preauth in FAST armor"
		}
	}
	if r.Malformed != nil || len(r.Anomalies) > 0 {
		return ""
	}
	return "no preauth"
}

// paPKASOld are PA-PK-AS-REQ_OLD and PA-PK-AS-REP_OLD, RFC 4120 section 7.5.2;
// old Windows sends the second for both.
var paPKASOld = []int32{14, 15}

// tgsWords are the kdc-options that tell what a TGS-REQ is about.
var tgsWords = []struct{ option, word string }{
	{"forwarded", "forwarded"}, {"proxy", "proxy"}, {"renew", "renew"}, {"validate", "validate"},
	{"constrained-delegation", "S4U2proxy"}, {"enc-tkt-in-skey", "user-to-user"},
}

func (w *lineWords) tgsReq(r *row) {
	home := "" // a TGT of the realm names it
	if r.Ticket != nil && r.Ticket.SName == "krbtgt/"+r.Realm {
		home = r.Realm
	}
	w.name("for ", r.SName, r.Realm, home)
	for _, o := range tgsWords {
		if slices.Contains(r.KDCOptions, o.option) {
			w.add(o.word)
		}
	}
	for _, pa := range r.PAData {
		u := pa.ForUser
		if u == nil {
			u = pa.S4UX509User
		}
		if u != nil {
			w.name("S4U2self for ", u.CName, u.CRealm, "")
			break
		}
	}
	w.etypes("etypes ", r.Etypes)
	if t := r.Ticket; t != nil {
		if t.SName == "krbtgt/"+r.Realm {
			w.add("TGT")
		} else {
			w.name("with ", t.SName, t.Realm, r.Realm)
		}
		w.enc("", t.Etype, t.KVNO)
	}
	for i := range r.Tickets {
		w.name("and ", r.Tickets[i].SName, r.Tickets[i].Realm, r.Realm)
	}
}

func (w *lineWords) kdcRep(r *row) {
	w.name("", r.CName, r.CRealm, "")
	if t := r.Ticket; t != nil {
		if t.SName != "krbtgt/"+r.CRealm {
			w.name("for ", t.SName, t.Realm, r.CRealm)
		}
		w.enc("ticket ", t.Etype, t.KVNO)
	}
	if e := r.EncPart; e != nil {
		w.enc("enc-part ", e.Etype, e.KVNO)
	}
}

// tickets are those of AP-REQ, KRB-CRED and TGT-REP, the rest of an AP-REQ,
// and the enc-part of what has one.
func (w *lineWords) tickets(r *row) {
	if t := r.Ticket; t != nil {
		w.name("", t.SName, t.Realm, "")
		w.enc("", t.Etype, t.KVNO)
	}
	for i := range r.Tickets {
		w.name("", r.Tickets[i].SName, r.Tickets[i].Realm, "")
		w.enc("", r.Tickets[i].Etype, r.Tickets[i].KVNO)
	}
	// Most session keys are of the etype of their ticket.
	if a := r.AuthenticatorEtype; a != nil && (r.Ticket == nil || r.Ticket.Etype == nil || *a != *r.Ticket.Etype) {
		w.enc("authenticator ", a, r.AuthenticatorKVNO)
	}
	if slices.Contains(r.APOptions, "mutual-required") {
		w.add("mutual")
	}
	if slices.Contains(r.APOptions, "use-session-key") {
		w.add("user-to-user")
	}
	if e := r.EncPart; e != nil {
		w.enc("enc-part ", e.Etype, e.KVNO)
	}
}

func (w *lineWords) krbError(r *row) {
	if r.ErrorCode != nil {
		name := r.ErrorCodeName
		if name == "" {
			name = "code"
		}
		w.add(name, " (", strconv.Itoa(int(*r.ErrorCode)), ")")
	}
	if d := r.EData; d != nil {
		if k := d.KerbErrorData; k != nil && k.NTStatus != nil {
			w.ntStatus(k.NTStatusName, *k.NTStatus)
		}
		for i := range d.MethodData {
			if pa := &d.MethodData[i]; pa.NTStatus != nil {
				w.ntStatus(pa.NTStatusName, *pa.NTStatus)
			}
		}
	}
	known := ""
	if r.CName != "" {
		known = r.CRealm
		w.name("", r.CName, r.CRealm, "")
	}
	if r.SName != "krbtgt/"+r.Realm || r.CName == "" {
		w.name("for ", r.SName, r.Realm, known)
	}
	if d := r.EData; d != nil {
		w.etypes("keys ", keysOffered(d.MethodData))
	}
	// Of the two errors that logons go through every day, the text tells nothing more.
	if r.EText != "" && (r.ErrorCode == nil || *r.ErrorCode != preauthRequired && *r.ErrorCode != responseTooBig) {
		w.add(quote(clip(r.EText, max(lineWidth+w.from-len(w.b), minEText))))
	}
}

const (
	preauthRequired = 25 // KDC_ERR_PREAUTH_REQUIRED
	responseTooBig  = 52 // KRB_ERR_RESPONSE_TOO_BIG
	minEText        = 24 // of an e-text are shown however long the line is
)

func (w *lineWords) ntStatus(name string, n uint32) {
	const digits = "0123456789abcdef"
	hex := []byte("0x00000000")
	for i := len(hex) - 1; i > 1; i, n = i-1, n>>4 {
		hex[i] = digits[n&15]
	}
	if name == "" {
		w.add(string(hex))
	} else {
		w.add(name, " (", string(hex), ")")
	}
}

// keysOffered lists the etypes of ETYPE-INFO2, else ETYPE-INFO, of an error.
func keysOffered(list []rowPAData) (etypes []int32) {
	for i := range list {
		info := list[i].EtypeInfo2
		if info == nil {
			info = list[i].EtypeInfo
		}
		for _, e := range info {
			etypes = append(etypes, e.Etype)
		}
		if etypes != nil {
			return etypes
		}
	}
	return nil
}

// etypes adds a list of etypes by their short names, repeats of one left out.
func (w *lineWords) etypes(before string, list []int32) {
	if len(list) == 0 {
		return
	}
	w.add(before)
	var last string
	for i, e := range list {
		word := etypeWord(e)
		if word == last {
			continue
		}
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.b, last = append(w.b, word...), word
	}
}

// enc adds etype and kvno of an EncryptedData.
func (w *lineWords) enc(before string, etype *int32, kvno *uint32) {
	if etype == nil && kvno == nil {
		return
	}
	w.add(before)
	if etype != nil {
		w.b = append(w.b, etypeWord(*etype)...)
	}
	if kvno != nil {
		if etype != nil {
			w.b = append(w.b, ' ')
		}
		w.b = strconv.AppendUint(append(w.b, "kvno "...), uint64(*kvno), 10)
	}
}

// etypeWord is shortEtype where the word is known to mean an etype.
func etypeWord(e int32) string { return strings.TrimPrefix(shortEtype(e), "etype ") }
