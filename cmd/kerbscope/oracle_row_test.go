package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"kerbscope/decode/krb5"
)

// canonical is what is compared of a message, and of where and when it stood.
func canonical(r *row) string {
	at, _ := time.Parse(time.RFC3339Nano, r.Time)
	return fmt.Sprintf("frame %d %s at %d %s", r.Frame, canonicalMessage(r), at.UnixNano(), r.CommunityID)
}

// canonicalMessage is what is compared of a message itself.
func canonicalMessage(r *row) string {
	var b strings.Builder
	b.WriteString(r.MsgType)
	if len(r.KDCOptions)+len(r.APOptions) > 0 {
		fmt.Fprintf(&b, " options %s", strings.Join(slices.Concat(r.KDCOptions, r.APOptions), ","))
	}
	if len(r.Etypes) > 0 {
		fmt.Fprintf(&b, " etypes %s", numbers(r.Etypes))
	}
	if r.ErrorCode != nil {
		fmt.Fprintf(&b, " error %d", *r.ErrorCode)
	}
	for _, f := range []struct{ name, value string }{{"cname", r.CName}, {"crealm", r.CRealm}, {"sname", r.SName}, {"realm", r.Realm},
		{"from", r.From}, {"till", r.Till}, {"rtime", r.RTime}, {"stime", r.STime}, {"ctime", r.CTime}, {"e-text", r.EText}} {
		if f.value != "" {
			fmt.Fprintf(&b, " %s %s", f.name, f.value)
		}
	}
	for _, n := range []*int32{r.CNameType, r.SNameType} {
		if n != nil {
			fmt.Fprintf(&b, " name-type %d", *n)
		}
	}
	if r.Nonce != nil {
		fmt.Fprintf(&b, " nonce %d", *r.Nonce)
	}
	for i, us := range []*int32{r.SUSec, r.CUSec} {
		if us != nil {
			fmt.Fprintf(&b, " %cusec %d", "sc"[i], *us)
		}
	}
	for _, a := range r.Addresses {
		fmt.Fprintf(&b, " address %d %s", *a.Type, a.Address)
	}
	if e := r.EncAuthData; e != nil {
		fmt.Fprintf(&b, " enc-authorization-data%s", encText(e))
	}
	writePAData(&b, r.PAData)
	// tshark looks into the e-data of some error codes only; those of the others are shown to it under that code.
	if r.EData != nil && len(r.EData.MethodData) > 0 && r.ErrorCode != nil && *r.ErrorCode == preauthRequired {
		b.WriteString(" e-data")
		writePAData(&b, r.EData.MethodData)
	}
	if r.Ticket != nil {
		fmt.Fprintf(&b, " ticket(%s)", canonicalTicket(r.Ticket))
	}
	for i := range r.Tickets {
		fmt.Fprintf(&b, " additional(%s)", canonicalTicket(&r.Tickets[i]))
	}
	if r.AuthenticatorEtype != nil {
		fmt.Fprintf(&b, " authenticator%s", encNumbers(r.AuthenticatorEtype, r.AuthenticatorKVNO))
	}
	if r.EncPart != nil {
		fmt.Fprintf(&b, " enc-part%s", encText(r.EncPart))
	}
	if r.PreauthEtype != nil {
		fmt.Fprintf(&b, " preauth %d", *r.PreauthEtype)
	}
	return b.String()
}

func canonicalTicket(k *rowTicket) string {
	var s string
	if k.TktVNO != nil {
		s = fmt.Sprintf("tkt-vno %d ", *k.TktVNO)
	}
	s += k.Realm + " " + k.SName
	if k.SNameType != nil {
		s += fmt.Sprintf(" name-type %d", *k.SNameType)
	}
	return s + encNumbers(k.Etype, k.KVNO) + " " + k.Hash
}

// writePAData lists the types in order, and what both decode of their values.
func writePAData(b *strings.Builder, list []rowPAData) {
	for _, pa := range list {
		fmt.Fprintf(b, " pa %d", pa.Type)
		for _, i := range slices.Concat(pa.EtypeInfo, pa.EtypeInfo2) {
			fmt.Fprintf(b, "[%d %q %s]", i.Etype, i.Salt, i.S2KParams)
		}
		if pa.Enc != nil && pa.Type != krb5.PAPKINITKX { // which tshark does not look into
			fmt.Fprintf(b, "(%s)", encText(pa.Enc))
		}
		if pa.PAPACRequest != nil {
			fmt.Fprintf(b, "(include-pac %v)", *pa.PAPACRequest)
		}
		if len(pa.PACOptions) > 0 {
			fmt.Fprintf(b, "(%s)", strings.Join(pa.PACOptions, ","))
		}
		if u := pa.ForUser; u != nil && u.Cksumtype != nil {
			fmt.Fprintf(b, "(%s@%s %s cksumtype %d)", u.CName, u.CRealm, u.AuthPackage, *u.Cksumtype)
		}
		if f := pa.FAST; f != nil {
			fmt.Fprintf(b, "(")
			if f.ArmorType != nil {
				fmt.Fprintf(b, "armor %d ", *f.ArmorType)
			}
			if f.ArmorTicket != nil {
				fmt.Fprintf(b, "ticket(%s) authenticator%s ", canonicalTicket(f.ArmorTicket), encNumbers(f.AuthenticatorEtype, nil))
			}
			if f.Enc != nil {
				b.WriteString(encText(f.Enc))
			}
			b.WriteString(")")
		}
	}
}

func encText(e *rowEncs) string {
	return fmt.Sprintf("%s length %d", encNumbers(e.Etype, e.KVNO), e.CipherLength)
}

func encNumbers(e *int32, kvno *uint32) string {
	var s string
	if e != nil {
		s += fmt.Sprintf(" etype %d", *e)
	}
	if kvno != nil {
		s += fmt.Sprintf(" kvno %d", *kvno)
	}
	return s
}
