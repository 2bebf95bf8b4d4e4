package analyze

import (
	"fmt"

	"kerbscope/decode"
)

// duplicateSPN: 8, or what points to it.
var duplicateSPN = &Rule{
	ID:    "duplicate-spn",
	Title: "Two accounts carry the same service name",
	Doc: `KDC_ERR_PRINCIPAL_NOT_UNIQUE (8): the KDC found more than one account with this name. Many KDCs do not say so: Windows and Samba
DCs answer 7 to a duplicate as to a missing name, and then only setspn -X tells which it is.`,
	Rivals: []string{
		`The SPN is simply not there (spn-unknown): nothing on the wire tells a duplicate answered with 7 from a missing name; only setspn -X does.`,
		`A name just registered or removed, still replicating: the same picture at two KDCs; the later answers of both tell.`,
		`Duplicate account names (UPN) instead of SPNs: 8 in an AS exchange; the name in the finding is then a client's.`,
	},
	Fix: []string{
		`setspn -X -F lists duplicates in the forest (takes a while), setspn -Q SPN the holders of one`,
		`Leave it on the account that the service runs as, remove the other: setspn -D SPN WRONGACCOUNT`,
		`Let it replicate: repadmin /syncall /AdeP, then on clients klist purge`,
		`Samba: samba-tool spn list ACCOUNT, samba-tool spn delete SPN WRONGACCOUNT; ldbsearch -H sam.ldb servicePrincipalName=SPN`,
	},
	Undo: []string{
		`A duplicate does not come back: DCs since 2012 R2 refuse one. To give the name to the other account: setspn -D SPN RIGHTACCOUNT, then setspn -S SPN WRONGACCOUNT`,
	},
	Events:   []Event{{Host: "DC", Log: "System", ID: "KDC 11", Meaning: "duplicate name, with the name"}},
	Refs:     []string{"RFC 4120 §7.5.9", "[MS-KILE] §3.3.5.7"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkDuplicateSPN,
}

func checkDuplicateSPN(c *Case) []Finding {
	is := func(r *Record) bool { return r.code() == errNotUnique && r.Ending == decode.Failed }
	rows := append(c.rowsWhere(decode.AS, is), c.rowsWhere(decode.TGS, is)...)
	return c.each(rows, byQuestion, []string{"error_code", "sname", "cname", "realm"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence = Certain
		name := serviceText(r)
		if r.Kind == decode.AS {
			name = orUnknown(bare(r.Client))
		}
		f.Summary = fmt.Sprintf("%s found more than one account for %s and gave no ticket to %s %s (8).", c.HostName(r.To.Addr()), name, c.whoAll(rows), nTimes(total(rows)))
		f.Cause = "The name is registered on two accounts. The KDC cannot know whose key to use."
		f.fill = []string{"SPN", spnOf(r)}
	})
}
