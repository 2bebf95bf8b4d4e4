package analyze

import (
	"fmt"

	"kerbscope/decode"
)

// clientUnknown: 6.
var clientUnknown = &Rule{
	ID:    "client-unknown",
	Title: "The KDC does not know the account that logs on",
	Doc: `KDC_ERR_C_PRINCIPAL_UNKNOWN (6): the client's name is not in this KDC's database, and no later attempt with the same name
worked. Typing error, wrong realm, deleted account, or an account that this DC does not have yet.`,
	Rivals: []string{
		`Replication delay: the name is known at another KDC; when such a success is in the capture, the finding is a note and kdcs-disagree names the KDCs.`,
		`The name was asked in the wrong form (UPN as a plain name, or in the wrong realm): the name type and the realm are in the evidence; a referral (68) is not an error and is not counted.`,
		`Somebody tries names: many different names from one address in a short time are not a configuration fault; the rule then reports the number.`,
	},
	Fix: []string{
		`Get-ADUser -LDAPFilter "(|(sAMAccountName=NAME)(userPrincipalName=NAME@DOMAIN))" on this DC and on the PDC (-Server DC)`,
		`A missing UPN suffix: Get-ADForest | select UPNSuffixes; a name of another forest needs a trust with name suffix routing (netdom trust)`,
		`Replication: repadmin /showrepl DC, repadmin /showobjmeta DC "DN"`,
		`A computer whose account is gone: Test-ComputerSecureChannel, then join it again or restore the object from the AD recycle bin`,
		`MIT and Samba: kinit with the full principal NAME@REALM, samba-tool user show NAME`,
	},
	Events:   []Event{{Host: "DC", Log: "Security", ID: "4768", Meaning: "TGT request failed, result code 0x6"}},
	Refs:     []string{"RFC 4120 §3.1.3, §7.5.9", "RFC 6806 §6 (enterprise names)"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkClientUnknown,
}

// CHECK
func checkClientUnknown(c *Case) []Finding {
	rows := c.rowsWhere(decode.AS, func(r *Record) bool { return r.code() == errClientUnknown && r.Ending == decode.Failed })
	return c.each(rows, byClientAndKDC, []string{"error_code", "cname", "realm", "e_text"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence = Certain
		f.Summary = fmt.Sprintf("%s does not know the account %s (6); asked %s by %s.", c.HostName(r.To.Addr()), orUnknown(r.Client), nTimes(total(rows)), c.HostName(r.From.Addr()))
		f.Cause = "No account of that name at this KDC: a typing error, a wrong realm, a deleted account, or one that has not been replicated there."
		if names := c.unknownNames(r); names > 3 {
			f.Cause = fmt.Sprintf("The same host asked for %d names that do not exist. That looks like someone or something trying names.", names)
		}
		if ok := c.knownElsewhere(r); ok != nil {
			f.Severity = Note
			f.Cause = fmt.Sprintf("%s knows the account: this KDC is behind.", c.HostName(ok.To.Addr()))
			c.cite(f, ok, "cname", "issued.etype")
		}
		f.fill = []string{"NAME", bare(r.Client)}
	})
}

func orUnknown(principal string) string {
	if principal == "" {
		return "(name not captured)"
	}
	return principal
}

// unknownNames counts the names that the host of r asked for in vain.
func (c *Case) unknownNames(r *Record) int {
	names := map[string]bool{}
	for _, row := range c.rowsWhere(decode.AS, func(x *Record) bool { return x.code() == errClientUnknown && x.From.Addr() == r.From.Addr() }) {
		names[lower(row.Record().Client)] = true
	}
	return len(names)
}

// knownElsewhere is a logon of the same account at another KDC.
func (c *Case) knownElsewhere(r *Record) *Record {
	for _, row := range c.rowsWhere(decode.AS, (*Record).answers) {
		if x := row.Record(); r.Client != "" && samePrincipal(x.Client, r.Client) && !c.SameHost(x.To.Addr(), r.To.Addr()) {
			return x
		}
	}
	return nil
}
