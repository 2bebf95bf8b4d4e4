package analyze

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"kerbscope/decode"
)

// clientUnknown: 6.
var clientUnknown = &Rule{
	ID:    "client-unknown",
	Title: "The KDC does not know the account that logs on",
	Doc: `KDC_ERR_C_PRINCIPAL_UNKNOWN (6): the client's name is not in this KDC's database, and no later attempt with the same name
worked. Typing error, wrong realm, deleted account, or an account that this DC does not have yet.

The same code to one who shows a TGT and asks for a service's ticket: the account was there when the TGT was made, and was deleted or renamed since, or
this DC does not have it yet.`,
	Rivals: []string{
		`Replication delay: the name is known at another KDC; when such a success is in the capture, the finding is a note and kdcs-disagree names the KDCs.`,
		`A program that tries the UPN first and then the account's name: a note, when that logon follows at once from the same host.`,
		`The name was asked in the wrong form (UPN as a plain name, or in the wrong realm): the name type and the realm are in the evidence; a referral (68) is not an error and is not counted.`,
		`Somebody tries names: ten and more different names from one address are told as one finding, with their number.`,
	},
	Fix: []string{
		`Get-ADUser -LDAPFilter "(|(sAMAccountName=NAME)(userPrincipalName=NAME@DOMAIN))" on this DC and on the PDC (-Server DC)`,
		`A missing UPN suffix: Get-ADForest | select UPNSuffixes; a name of another forest needs a trust with name suffix routing (netdom trust)`,
		`Replication: repadmin /showrepl DC, repadmin /showobjmeta DC "DN"`,
		`A computer whose account is gone: Test-ComputerSecureChannel, then join it again or restore the object from the AD recycle bin`,
		`MIT and Samba: kinit with the full principal NAME@REALM, samba-tool user show NAME`,
	},
	Events:   []Event{{Host: "DC", Log: "Security", ID: "4768", Meaning: "TGT request failed, result code 0x6"}},
	Refs:     []string{"RFC 4120 §3.1.3, §7.5.9", "RFC 6806 §5 (enterprise names)"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkClientUnknown,
}

func checkClientUnknown(c *Case) []Finding {
	rows := c.rowsWhere(decode.AS, func(r *Record) bool { return r.code() == errClientUnknown && r.Ending == decode.Failed })
	rows = append(rows, c.rowsWhere(decode.TGS, unknownInSession)...)
	names := map[netip.Addr]map[string]bool{}
	for _, row := range rows {
		r := row.Record()
		if names[r.From.Addr()] == nil {
			names[r.From.Addr()] = map[string]bool{}
		}
		names[r.From.Addr()][lower(r.Client)] = true
	}
	known := group(c.rowsWhere(decode.AS, (*Record).answers), func(row *Row) string { return lower(row.Record().Client) })
	at := map[string][]*Row{}
	for _, list := range known {
		at[lower(list[0].Record().Client)] = list
	}
	// A host that asks for many names that do not exist is one finding.
	key := func(r *Record) string {
		if len(names[r.From.Addr()]) >= manyNames {
			return r.From.Addr().String() + "|" + r.To.Addr().String()
		}
		return byClientAndKDC(r)
	}
	return c.each(rows, key, []string{"error_code", "cname", "realm", "e_text"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence = Certain
		if n := len(names[r.From.Addr()]); n >= manyNames {
			f.Summary = fmt.Sprintf("%s does not know %d names that %s asked for (6).", c.HostName(r.To.Addr()), n, c.HostName(r.From.Addr()))
			f.Cause = "So many names that do not exist look like someone or something trying names, not like a typing error."
			return
		}
		f.Summary = fmt.Sprintf("%s does not know the account %s (6); asked %s by %s.", c.HostName(r.To.Addr()), orUnknown(r.Client), nTimes(total(rows)), c.HostName(r.From.Addr()))
		f.Cause = "No account of that name at this KDC: a typing error, a wrong realm, a deleted account, or one that has not been replicated there."
		if x := c.logonBefore(at[lower(r.Client)], r); x != nil {
			f.Cause = fmt.Sprintf("%s knew the account %s earlier, when it logged on: it was deleted or renamed since.", c.HostName(r.To.Addr()), durationText(r.Start-x.Start))
			c.cite(f, x, "cname", "issued.etype")
		} else if slices.ContainsFunc(rows, func(row *Row) bool { return row.Record().Kind == decode.TGS }) {
			f.Cause = "The client has a TGT, so the account was there when that was made: it was deleted or renamed since, or this KDC does not have it yet."
		}
		if name := c.renamedTo(r.Client); name != "" && r.Client != "" {
			f.Cause += fmt.Sprintf(" The keys of %s have the salt of %s: it was probably renamed to %s.", name, bare(r.Client), name)
		}
		for _, row := range at[lower(r.Client)] {
			if x := row.Record(); r.Client != "" && !c.SameHost(x.To.Addr(), r.To.Addr()) {
				f.Severity = Note
				f.Cause = fmt.Sprintf("%s knows the account: this KDC is behind.", c.HostName(x.To.Addr()))
				c.cite(f, x, "cname", "issued.etype")
				break
			}
		}
		if user, _, ok := strings.Cut(bare(r.Client), "@"); ok && f.Severity != Note {
			if x := c.logonAfter(rows, user, atOnce); x != nil {
				f.Severity = Note
				f.Cause = fmt.Sprintf("A step: the KDC has no such UPN, and right after it the same host logged on as %s.", bare(x.Client))
				c.cite(f, x, "cname", "issued.etype")
			}
		}
		f.fill = []string{"NAME", bare(r.Client)}
	})
}

// unknownInSession tells that a KDC does not know the account of a TGT.
func unknownInSession(r *Record) bool {
	return r.Kind == decode.TGS && r.Ending == decode.Failed && r.code() == errClientUnknown && r.Req.ForUser == "" && len(r.Req.Additional) == 0
}

// logonBefore is the last logon of rows at the KDC of r before r; nil: none.
func (c *Case) logonBefore(rows []*Row, r *Record) (last *Record) {
	for _, row := range rows {
		for _, x := range row.Exemplars {
			if c.SameHost(x.To.Addr(), r.To.Addr()) && x.Start < r.Start && (last == nil || x.Start > last.Start) {
				last = x
			}
		}
	}
	return last
}

// renamedTo is an account whose AES keys have the salt that the name of client
// gives; "": none.
func (c *Case) renamedTo(client string) string {
	name, realm := splitPrincipal(client)
	if name == "" || realm == "" {
		return ""
	}
	for _, a := range c.Accounts() {
		other, its := splitPrincipal(a.Principal)
		salt, ok := aesSalt(a.Keys)
		if ok && samePrincipal(its, realm) && !samePrincipal(other, name) && !usualSalt(salt, other, its) && usualSalt(salt, name, realm) {
			return other
		}
	}
	return ""
}

// logonAfter is a logon with that name of the host that asked in all of the rows, after
// the last of their exchanges; nil: none in that time.
func (c *Case) logonAfter(rows []*Row, name string, within int64) *Record {
	last := int64(0)
	for _, row := range rows {
		last = max(last, row.Last)
	}
	for _, x := range c.RecordsFrom(rows[0].Record().From.Addr()) {
		if x.Kind == decode.AS && x.Ending == decode.OK && samePrincipal(bare(x.Client), name) && x.Start >= last && x.Start-last <= within {
			return x
		}
	}
	return nil
}

// manyNames is from how many unknown names on a host is taken to try names.
const manyNames = 10

func orUnknown(principal string) string {
	if principal == "" {
		return "(name not captured)"
	}
	return principal
}
