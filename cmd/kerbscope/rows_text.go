package main

import (
	"fmt"
	"strconv"
	"strings"
)

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
	s := c.CodeName
	if c.Code != nil {
		s = strconv.FormatInt(*c.Code, 10)
		if *c.Code > 0xffff {
			s = fmt.Sprintf("0x%08x", *c.Code)
		}
		if c.CodeName != "" {
			s = c.CodeName + " (" + s + ")"
		}
	}
	if c.Text != "" {
		s += " " + quote(clip(c.Text, 80))
	}
	return "carrier " + c.Outcome + ": " + s
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
