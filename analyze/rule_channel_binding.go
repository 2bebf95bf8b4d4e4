package analyze

import (
	"fmt"
	"strings"

	"kerbscope/decode"
)

// channelBinding: the service wants the TLS channel in the token.
var channelBinding = &Rule{
	ID:    "channel-binding",
	Title: "The service refused the token for its channel binding",
	Doc: `The LDAP server answered invalidCredentials with the Windows status 80090346 (SEC_E_BAD_BINDINGS): the token does not name the TLS channel that it came in, or names another one. Ticket and key are right.
A server that demands channel binding (LdapEnforceChannelBinding, Extended Protection) refuses clients that cannot do it, and all clients behind something that ends their TLS.`,
	Rivals: []string{
		`A TLS-inspecting proxy or load balancer between client and server: then clients that support channel binding fail, and succeed without it.`,
		`An old client without channel binding: then it fails against every server that demands it.`,
		`A wrong key or password: those carry other statuses (8009030C, data 52e).`,
	},
	Fix: []string{
		`Update the client (Windows: CVE-2017-8563; Java, OpenLDAP with Cyrus SASL 2.1.28 and sasl_cbinding tls-endpoint)`,
		`Take TLS inspection away between client and server, or let the balancer pass TLS through`,
		`Only while old clients are left, since their logons can then be relayed to that DC: note the old value, and on the DC: reg add HKLM\SYSTEM\CurrentControlSet\Services\NTDS\Parameters /v LdapEnforceChannelBinding /t REG_DWORD /d 1 /f (when supported)`,
	},
	Undo:     []string{`reg add HKLM\SYSTEM\CurrentControlSet\Services\NTDS\Parameters /v LdapEnforceChannelBinding /t REG_DWORD /d OLDVALUE /f`},
	Events:   []Event{{Host: "DC", Log: "Directory Service", ID: "3039, 3040, 3041", Meaning: "binds with missing or wrong channel binding"}},
	Refs:     []string{"RFC 5929", "RFC 4121 §4.1.1.2", "KB4034879", "[MS-ERREF] §2.1.1 (SEC_E_BAD_BINDINGS)"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkChannelBinding,
}

func checkChannelBinding(c *Case) []Finding {
	rows := c.rowsWhere(decode.AP, func(r *Record) bool {
		return r.Ending == decode.Denied && r.Word != nil && strings.HasPrefix(r.Word.Text, "80090346")
	})
	return c.each(rows, byServiceAndServer, []string{"carrier_result.code", "ticket.sname"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence, f.FaultAt = Certain, nil
		f.Summary = fmt.Sprintf("%s refused %s %s: the token is not bound to the TLS channel (80090346).", c.server(r.To), c.whoAll(rows), nTimes(total(rows)))
		f.Cause = "The client cannot do channel binding, or something between the two ends its TLS."
	})
}
