package main

import (
	"fmt"
	"slices"
	"strings"
)

// deciders are the short words of the table for who decided, and what they mean.
var deciders = map[string]string{
	"client list": "list", "client account": "account", "client": "client", "service account": "service", "KDC": "KDC", "trust": "trust", "unknown": "?",
}

// decidersMean explains them below the table.
var decidersMean = []struct{ word, means string }{
	{"list", "the client's request list"}, {"account", "the keys of the client's account"}, {"client", "the client, which had the choice"},
	{"service", "the service's account"}, {"KDC", "the KDC"}, {"trust", "the trust's account"}, {"?", "does not show"},
}

// etypes is the table of who asked for and got which encryption type.
func (t *textReport) etypes() {
	if len(t.r.Etypes) == 0 {
		return
	}
	t.heading("ETYPES", "encryption types: what the client asked for, what each part was encrypted with, who decided")
	legend := map[string]string{}
	name := func(e *int32, registered string) string {
		if e == nil {
			return "-"
		}
		if registered != "" {
			legend[shortEtype(*e)] = fmt.Sprintf("%s (%d)", registered, *e)
		}
		return shortEtype(*e)
	}
	table := [][]string{{"client", "service", "KDC", "asked for", "logon", "ticket", "reply", "session", "kvno", "by", "times"}}
	var shapes []string
	used := map[string]bool{}
	for i, r := range t.r.Etypes {
		if i == listedRows {
			break
		}
		asked := valueText(r.Requested)
		if r.ListShapeConfidence != "" {
			line := fmt.Sprintf("%s: %s: %s", asked, r.ListShape, r.ListShapeConfidence)
			if !slices.Contains(shapes, line) {
				shapes = append(shapes, line)
			}
		}
		kdc, kvno, by := "-", "-", "-"
		if r.KDC != nil {
			kdc = t.names.host(r.KDC.Address)
			by = deciders[r.DecidedBy]
			used[by] = true
		}
		if r.KVNO != nil {
			kvno = fmt.Sprint(*r.KVNO)
		}
		table = append(table, []string{
			clip(orDash(escape(withoutRealm(r.Client))), 16), clip(orDash(escape(withoutRealm(r.Service))), 24), clip(escape(kdc), 12), orDash(asked),
			name(r.Preauth, r.PreauthName), name(r.Ticket, r.TicketName), name(r.Reply, r.ReplyName), name(r.Session, r.SessionName), kvno, by, fmt.Sprint(r.Count),
		})
	}
	t.table(table, 3, []int{6, 10, 8}, []int{1, 0, 2})
	t.more(len(t.r.Etypes), listedRows)
	var keys []string
	for short, registered := range legend {
		keys = append(keys, short+" = "+registered)
	}
	slices.Sort(keys)
	if len(keys) > 0 {
		t.para(2, strings.Join(keys, "; "))
	}
	var means []string
	for _, d := range decidersMean {
		if used[d.word] {
			means = append(means, d.word+" = "+d.means)
		}
	}
	if len(means) > 0 {
		t.para(2, "by: who decided the logon key (rows for krbtgt: a logon) or the ticket's: "+strings.Join(means, "; "))
	}
	for _, s := range shapes {
		asked, rest, _ := strings.Cut(s, ": ")
		whose, confidence, _ := cutLast(rest, ": ")
		t.hang("  ", fmt.Sprintf("The list %s looks like %s (%s).", asked, escape(whose), confidence))
	}
}

// cutLast is strings.Cut at the last separator.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (t *textReport) more(all, listed int) {
	if all > listed {
		t.para(2, fmt.Sprintf("... and %d more: --format json has them all", all-listed))
	}
}
