package analyze

import (
	"fmt"

	"kerbscope/decode"
)

// selectiveAuth: a trust lets only chosen users to chosen servers.
var selectiveAuth = &Rule{
	ID:    "selective-auth",
	Title: "Selective authentication on a trust keeps the user out",
	Doc: `The KDC answered KDC_ERR_POLICY (12) with NTSTATUS 0xC0000413 (STATUS_AUTHENTICATION_FIREWALL_FAILED): the user comes over a trust with
selective authentication, and the computer object of the service does not grant the user the right "Allowed to authenticate". The status leaves no other reading.`,
	Rivals: []string{
		`Another policy (workstations, silos, claims): those carry another NTSTATUS, and krb-error tells it.`,
		`A 12 without NTSTATUS (KDC of another make): not counted here.`,
		`The user's SID is filtered on the trust: then the logon succeeds and access is refused later, without an error here.`,
	},
	Fix: []string{
		`On the computer object of the service grant the users or their group the right: Active Directory Users and Computers, Security, "Allowed to Authenticate"; or dsacls "DN of the computer" /G "DOMAIN\GROUP:CA;Allowed to Authenticate"`,
		`Or open the trust forest-wide: netdom trust TRUSTING /domain:TRUSTED /SelectiveAuth:No`,
	},
	Undo:     []string{`dsacls "DN of the computer" /R "DOMAIN\GROUP"`, `netdom trust TRUSTING /domain:TRUSTED /SelectiveAuth:Yes`},
	Events:   []Event{{Host: "DC", Log: "Security", ID: "4769", Meaning: "result code 0xC"}, {Host: "service host", Log: "Security", ID: "4625", Meaning: "status 0xC0000413"}},
	Refs:     []string{"[MS-KILE] §3.3.5.7", "[MS-ERREF] §2.3.1 (STATUS_AUTHENTICATION_FIREWALL_FAILED)"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkSelectiveAuth,
}

const statusAuthenticationFirewall = 0xC0000413

func firewalled(r *Record) bool {
	return r.code() == errPolicy && r.Error.NTStatus != nil && *r.Error.NTStatus == statusAuthenticationFirewall
}

func checkSelectiveAuth(c *Case) []Finding {
	rows := c.rowsWhere(decode.TGS, func(r *Record) bool { return r.Ending == decode.Failed && firewalled(r) })
	return c.each(rows, byQuestion, []string{"error_code", "e_data.ntstatus", "sname"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence = Certain
		f.FaultAt = nil
		f.Summary = fmt.Sprintf("%s gives %s no ticket for %s %s: it may not authenticate to that computer (selective authentication).", c.HostName(r.To.Addr()), c.whoAll(rows), serviceText(r), nTimes(total(rows)))
		f.Cause = "The trust has selective authentication, and the service's computer object does not grant this user the right to authenticate."
	})
}
