package analyze

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"kerbscope/decode"
)

// passwordSpray: one source tries many accounts.
var passwordSpray = &Rule{
	ID:    "password-spray",
	Title: "One source fails to log on to many accounts",
	Doc: `From one address ten or more account names tried to log on within ten minutes, and at least four in five got no further than unknown (6), wrong password (24), locked or disabled (18), or expired (23). That is how
passwords and account names are guessed: few tries for each, many names. It also is what a broken service does that logs on for many users.`,
	Rivals: []string{
		`A web, mail or VPN server that logs on for its users, with a stale list or in an outage: its users are real, and most succeed at other times.`,
		`Many clients behind one NAT address whose passwords expired on one day: the codes are then 23, and each name is tried from a person's rhythm.`,
		`A vulnerability scanner or a test of your own: its owner knows.`,
	},
	Fix: []string{
		`Find the host at that address and what runs on it; on the DCs events 4771 (failure 0x18) and 4768 (0x6) name the accounts`,
		`Where an account succeeded from there: treat its password as known, change it`,
		`Lock out and slow down: fine-grained password policies, Protected Users for administrators`,
	},
	Events:   []Event{{Host: "DC", Log: "Security", ID: "4771, 4768", Meaning: "failures 0x18, 0x6, 0x12 from one client address"}},
	Refs:     []string{"RFC 4120 §7.5.9"},
	Since:    "0.1.0",
	Severity: Note,
	Check:    checkPasswordSpray,
}

// Bounds of spray and roasting patterns.
const (
	patternNames = 10
	patternTime  = int64(600e9)
)

func checkPasswordSpray(c *Case) []Finding {
	byFrom := map[netip.Addr][]*Row{}
	var order []netip.Addr
	for _, w := range c.Rows(decode.AS) {
		if r := w.Record(); r.Client != "" && (r.Ending == decode.OK || r.Ending == decode.Failed) {
			if byFrom[r.From.Addr()] == nil {
				order = append(order, r.From.Addr())
			}
			byFrom[r.From.Addr()] = append(byFrom[r.From.Addr()], w)
		}
	}
	var found []Finding
	for _, from := range order {
		rows := byFrom[from]
		slices.SortStableFunc(rows, func(a, b *Row) int { return cmp.Compare(a.First, b.First) })
		window, names, failing := densest(rows, func(w *Row) string { return lower(w.Record().Client) }, guessRefused)
		if names < patternNames || failing*5 < names*4 {
			continue
		}
		bad := slices.DeleteFunc(slices.Clone(window), func(w *Row) bool { return !guessRefused(w) })
		f := c.about(bad, "cname", "error_code")
		f.Severity, f.Confidence, f.FaultAt = Note, Possible, nil
		f.Client = from.String()
		f.Summary = fmt.Sprintf("%s tried to log on to %d accounts within ten minutes; %d of them failed.", c.HostName(from), names, failing)
		f.Cause = "Somebody guesses account names or passwords, or a program there logs on for many users and fails."
		found = append(found, f)
	}
	return found
}

// guessRefused tells failures as guessing gives.
func guessRefused(w *Row) bool {
	switch w.Record().code() {
	case errClientUnknown, errClientRevoked, errKeyExpired, errPreauthFailed:
		return true
	}
	return false
}

// densest is the ten minutes of rows, which are in order of their first times,
// with the most names, and how many names are in bad rows only.
func densest(rows []*Row, name func(*Row) string, bad func(*Row) bool) (window []*Row, names, failing int) {
	from := 0
	count := map[string][2]int{} // rows in the window, bad ones among them
	for to, w := range rows {
		n := count[name(w)]
		n[0]++
		if bad(w) {
			n[1]++
		}
		count[name(w)] = n
		for w.First-rows[from].First > patternTime {
			o := name(rows[from])
			n := count[o]
			n[0]--
			if bad(rows[from]) {
				n[1]--
			}
			count[o] = n
			if n[0] == 0 {
				delete(count, o)
			}
			from++
		}
		if len(count) > names {
			names, window = len(count), rows[from:to+1]
		}
	}
	all := map[string]bool{}
	for _, w := range window {
		n := name(w)
		ok, seen := all[n]
		all[n] = bad(w) && (!seen || ok)
	}
	for _, onlyBad := range all {
		if onlyBad {
			failing++
		}
	}
	return window, names, failing
}
