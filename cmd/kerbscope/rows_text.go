package main

import (
	"fmt"
	"strconv"
	"strings"
)

// rowText is a row on one line: where it stood and what it says.
func rowText(r *row, several bool, s screen) string {
	where := strconv.FormatUint(r.Frame, 10)
	if several {
		where = escape(r.Capture) + "#" + where
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%6s %s %s > %s %s", where, orDash(r.Time), address(r.Src, r.SPort), address(r.Dst, r.DPort), strings.Join(r.Carrier, "/"))
	what := r.MsgType
	if what == "" && r.NTLM != "" {
		what = "NTLM " + r.NTLM
	}
	style := styleBold
	if r.ErrorCode != nil || r.CarrierResult != nil && r.CarrierResult.Outcome == "refused" {
		style = styleRed
	}
	if what != "" {
		b.WriteString(" " + s.paint(style, what))
	}
	for _, part := range rowDetails(r) {
		if part != "" {
			b.WriteString(" " + part)
		}
	}
	return b.String()
}

func address(a string, port uint16) string {
	if strings.Contains(a, ":") {
		a = "[" + a + "]"
	}
	return a + ":" + strconv.Itoa(int(port))
}

// rowDetails are the parts of a row that tell most.
func rowDetails(r *row) []string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if r.ErrorCode != nil {
		add("%s (%d)", orDash(r.ErrorCodeName), *r.ErrorCode)
	}
	if r.CName != "" {
		add("%s", principal(r.CName, r.CRealm))
	}
	if r.SName != "" {
		add("for %s", principal(r.SName, r.Realm))
	}
	if len(r.Etypes) > 0 {
		add("etypes %s", numbers(r.Etypes))
	}
	if r.PreauthEtype != nil {
		add("preauth %s", etypeText(*r.PreauthEtype))
	}
	if t := r.Ticket; t != nil {
		add("ticket %s", strings.TrimSpace(principal(t.SName, t.Realm)+" "+encText(t.Etype, t.KVNO)))
	}
	if r.AuthenticatorEtype != nil {
		add("authenticator %s", etypeText(*r.AuthenticatorEtype))
	}
	if e := r.EncPart; e != nil && e.Etype != nil {
		add("enc-part %s", encText(e.Etype, e.KVNO))
	}
	if keys := offeredKeys(r); keys != "" {
		add("keys %s", keys)
	}
	if d := r.EData; d != nil && d.KerbErrorData != nil && d.KerbErrorData.NTStatus != nil {
		add("%s (0x%08x)", orDash(d.KerbErrorData.NTStatusName), *d.KerbErrorData.NTStatus)
	}
	if r.EText != "" {
		add("%s", quote(r.EText))
	}
	if c := r.CarrierResult; c != nil {
		add("%s", resultText(c))
	}
	parts = append(parts, openedDetails(r.Opened)...)
	if len(r.Anomalies) > 0 {
		add("[%s]", clip(escape(r.Anomalies[0].What), 60))
	}
	if r.Malformed != nil {
		add("[malformed at byte %d: %s]", r.Malformed.Offset, clip(escape(r.Malformed.What), 60))
	}
	return parts
}

// openedDetails says what keys opened, and what they did not.
func openedDetails(o *rowOpened) []string {
	if o == nil {
		return nil
	}
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	say := func(what, key, whyNot string) {
		switch {
		case key != "":
			add("[%sopened with %s]", what, escape(key))
		case whyNot != "":
			add("[%s%s]", what, escape(whyNot))
		}
	}
	say("", o.Key, o.WhyNot)
	if e := o.EncPart; e != nil {
		say("enc-part ", e.Key, e.WhyNot)
	}
	if p := o.Preauth; p != nil {
		say(p.Kind+" ", p.Key, p.WhyNot)
	}
	if f := o.FAST; f != nil {
		if f.ErrorCode != nil {
			add("[in FAST armor: %s (%d)]", orDash(f.ErrorCodeName), *f.ErrorCode)
		} else if f.WhyNot != "" {
			add("[%s]", f.WhyNot)
		}
	}
	if p := o.Priv; p != nil && p.Result != nil {
		add("[%s]", strings.TrimPrefix(resultText(p.Result), "carrier "))
	}
	return parts
}

// resultText is a carrier's word: its code, name, text and what it means.
func resultText(c *carrierResult) string {
	s := strconv.FormatInt(c.Code, 10)
	if c.Code > 0xffff {
		s = fmt.Sprintf("0x%08x", c.Code)
	}
	if c.CodeName != "" {
		s = c.CodeName + " (" + s + ")"
	}
	if c.Text != "" {
		s += " " + quote(clip(c.Text, 80))
	}
	return "carrier " + c.Outcome + ": " + s
}

// offeredKeys lists the etypes of ETYPE-INFO2 (or ETYPE-INFO) in an error.
func offeredKeys(r *row) string {
	if r.EData == nil {
		return ""
	}
	for _, pa := range r.EData.MethodData {
		info := pa.EtypeInfo2
		if info == nil {
			info = pa.EtypeInfo
		}
		if info == nil {
			continue
		}
		var list []int32
		for _, i := range info {
			list = append(list, i.Etype)
		}
		return numbers(list)
	}
	return ""
}

func principal(name, realm string) string {
	if realm != "" {
		name += "@" + realm
	}
	return escape(name)
}

func numbers(list []int32) string {
	parts := make([]string, len(list))
	for i, e := range list {
		parts[i] = strconv.Itoa(int(e))
	}
	return strings.Join(parts, ",")
}

// etypeText is the registered name with the number.
func etypeText(e int32) string {
	n := etypeOrNumber(e)
	return fmt.Sprintf("%s (%d)", n, e)
}

func encText(e *int32, kvno *uint32) string {
	var s string
	if e != nil {
		s = etypeText(*e)
	}
	if kvno != nil {
		s += fmt.Sprintf(" kvno %d", *kvno)
	}
	return strings.TrimSpace(s)
}
