package analyze

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// shortEtype is an etype as a summary names it: "AES256".
func shortEtype(e int32) string {
	switch e {
	case 17:
		return "AES128"
	case 18:
		return "AES256"
	case 19:
		return "AES128-SHA256"
	case 20:
		return "AES256-SHA384"
	case 23, 24, -128, -133, -135: // one family: all need an RC4 key
		return "RC4"
	case 1, 2, 3:
		return "DES"
	case 5, 7, 16:
		return "3DES"
	}
	return etypeText(e)
}

// shortEtypes is a list as a summary names it, in its order, each once.
func shortEtypes(list []int32) string {
	var names []string
	for _, e := range list {
		if n := shortEtype(e); !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return strings.Join(names, ", ")
}

// keysText is ETYPE-INFO2 as a summary names it.
func keysText(keys []KeyInfo) string { return shortEtypes(etypesOf(keys)) }

// ticketText is a ticket's key as a summary names it: "AES256, kvno 5".
func ticketText(t *TicketRef) string {
	if t == nil {
		return "unknown key"
	}
	if t.KVNO == nil {
		return shortEtype(t.Etype)
	}
	return shortEtype(t.Etype) + ", " + kvnoText(t.KVNO)
}

// nTimes is a count as people say it.
func nTimes(n uint64) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

// plural is "1 request", "3 requests".
func plural(n uint64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// bare is a principal without its realm.
func bare(principal string) string {
	name, _ := splitPrincipal(principal)
	return name
}

// who is the client of a record as a summary names it: "MAILBOX-1$",
// "alice at mailbox-1", or the host when the principal is not known.
func (c *Case) who(r *Record) string {
	host := c.HostName(r.From.Addr())
	switch name := bare(r.Client); {
	case name == "":
		return host
	case isComputer(name):
		return name
	default:
		return name + " at " + host
	}
}

// server is an acceptor's endpoint as a summary names it.
func (c *Case) server(to netip.AddrPort) string { return c.endpoint(to) }

// serviceText is the service of a record, without realm.
func serviceText(r *Record) string {
	if r.Service == "" {
		return "an unknown service"
	}
	return bare(r.Service)
}

// refusalText is how an acceptor said no.
func refusalText(r *Record) string {
	switch {
	case r.Error != nil:
		return codeText(r.Error.Code)
	case r.Word != nil:
		return wordText(r.Word)
	}
	return "no"
}

// wordText is a carrier's word: "535", "STATUS_LOGON_FAILURE", "401".
func wordText(w *Word) string {
	if w.CodeName != "" {
		return w.CodeName
	}
	return fmt.Sprint(w.Code)
}

// join is "a", "a and b", "a, b and c"; beyond most the rest is counted.
func join(list []string, most int) string {
	list = slices.Clone(list)
	if len(list) > most {
		list = append(list[:most:most], fmt.Sprintf("%d more", len(list)-most))
	}
	switch n := len(list); n {
	case 0:
		return ""
	case 1:
		return list[0]
	default:
		return strings.Join(list[:n-1], ", ") + " and " + list[n-1]
	}
}

// addOnce appends s unless it is there or empty.
func addOnce(list []string, s string) []string {
	if s == "" || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// fillIn puts this capture's names into steps: pairs of a placeholder in
// capitals and what stands for it. Only whole words are replaced.
// Steps and warnings that several rules give.
const (
	// ktpassStep makes a keytab on a Windows DC; SPN, REALM and ACCOUNT are filled in.
	ktpassStep = `ktpass /princ SPN@REALM /mapuser ACCOUNT /crypto ALL /ptype KRB5_NT_PRINCIPAL /pass * /out FILE. It sets a new password, kvno and logon name (UPN): whatever else uses ACCOUNT needs the new key as well. Never for a computer's account: that computer would fall out of the domain`
	// etypesUndo takes back what was set on an account.
	etypesUndo = `Set-ADUser NAME -Replace @{'msDS-SupportedEncryptionTypes'=OLDVALUE}, or -Clear msDS-SupportedEncryptionTypes when there was none (a computer: Set-ADComputer); a new password stays`
	// sambaPasswordStep gives an account AES keys on Samba.
	sambaPasswordStep = `net ads enctypes set NAME 24; then a new password: samba-tool user setpassword ACCOUNT for a user or service account; never for a computer, which sets its own: net ads changetrustpw on it`
)

// accountFill fills in an account's name, and the cmdlets of its kind. In steps
// that reset a password it is filled in for users only: a computer does not
// learn a password that others set.
func accountFill(name string) []string {
	if isComputer(name) {
		return []string{"NAME", name, "Set-ADUser", "Set-ADComputer", "Get-ADUser", "Get-ADComputer"}
	}
	return []string{"NAME", name, "ACCOUNT", name, "Set-ADUser", "Set-ADUser"}
}

func fillIn(steps []string, pairs []string) []string {
	if len(pairs) == 0 {
		return steps
	}
	out := make([]string, len(steps))
	for i, s := range steps {
		for j := 0; j+1 < len(pairs); j += 2 {
			if pairs[j+1] != "" {
				s = replaceWord(s, pairs[j], pairs[j+1])
			}
		}
		if slices.Contains(pairs, "Set-ADUser") { // the account's kind is known
			s = strings.ReplaceAll(s, " (a computer: Set-ADComputer)", "")
		}
		out[i] = s
	}
	return out
}

func replaceWord(s, word, by string) string {
	if !strings.Contains(s, word) {
		return s // the steps of thousands of findings are one string
	}
	var b strings.Builder
	for {
		i := strings.Index(s, word)
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		end := i + len(word)
		b.WriteString(s[:i])
		if i > 0 && wordByte(s[i-1]) || end < len(s) && (wordByte(s[end]) || s[end] == '=') {
			b.WriteString(word)
		} else {
			b.WriteString(by)
		}
		s = s[end:]
	}
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

// durationText is a duration as people say it: "10 min", "3.2 s".
func durationText(ns int64) string {
	if ns >= 119.5e9 {
		return fmt.Sprintf("%d min", (ns+30e9)/60e9)
	}
	return seconds(ns)
}
