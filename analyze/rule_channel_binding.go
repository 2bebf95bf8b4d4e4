package analyze

import (
	"fmt"
	"slices"
	"strings"

	"kerbscope/decode"
)

// channelBindingEvents: the first of binding, the second of signing.
var channelBindingEvents = []Event{{Host: "DC", Log: "Directory Service", ID: "3039, 3040, 3041", Meaning: "binds with missing or wrong channel binding"}, {Host: "DC", Log: "Directory Service", ID: "2888, 2889", Meaning: "binds without signing: how many were refused; who made them, by address"}}

// channelBinding: the service wants the TLS channel in the token, or signing.
var channelBinding = &Rule{
	ID:    "channel-binding",
	Title: "The service demands more of the connection: channel binding or signing",
	Doc: `The LDAP server answered invalidCredentials with the Windows status 80090346 (SEC_E_BAD_BINDINGS): the token does not name the TLS channel that it came in, or names another one. Ticket and key are right.
A server that demands channel binding (LdapEnforceChannelBinding, Extended Protection) refuses clients that cannot do it, and all clients behind something that ends their TLS.
With strongerAuthRequired (8) or confidentialityRequired (13) to a SASL bind it demands signing or sealing of what follows (LDAPServerIntegrity 2; OpenLDAP's sasl-secprops and security), which the client did not negotiate.`,
	Rivals: []string{
		`A TLS-inspecting proxy or load balancer between client and server: then clients that support channel binding fail, and succeed without it.`,
		`An old client without channel binding: then it fails against every server that demands it.`,
		`8 to a simple bind is no matter of Kerberos, and is not counted.`,
		`A wrong key or password: those carry other statuses (8009030C, data 52e).`,
	},
	Fix: []string{
		`Update the client (Windows: CVE-2017-8563; Java, OpenLDAP with Cyrus SASL 2.1.28 and sasl_cbinding tls-endpoint)`,
		`Take TLS inspection away between client and server, or let the balancer pass TLS through`,
		`Only while old clients are left, since their logons can then be relayed to that DC: note the old value, and on the DC: reg add HKLM\SYSTEM\CurrentControlSet\Services\NTDS\Parameters /v LdapEnforceChannelBinding /t REG_DWORD /d 1 /f (when supported)`,
	},
	Undo:     []string{`reg add HKLM\SYSTEM\CurrentControlSet\Services\NTDS\Parameters /v LdapEnforceChannelBinding /t REG_DWORD /d OLDVALUE /f`},
	Events:   channelBindingEvents,
	Refs:     []string{"RFC 5929", "RFC 4121 §4.1.1.2", "RFC 4511 §4.1.9 (8, 13)", "RFC 4752 §3.1 (GSSAPI security layers)", "KB4034879", "[MS-ERREF] §2.1.1 (SEC_E_BAD_BINDINGS)"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkChannelBinding,
}

func checkChannelBinding(c *Case) []Finding {
	rows := c.rowsWhere(decode.AP, func(r *Record) bool {
		return r.Ending == decode.Denied && r.Word != nil && strings.HasPrefix(r.Word.Text, "80090346")
	})
	found := c.each(rows, byServiceAndServer, []string{"carrier_result.code", "ticket.sname"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence, f.FaultAt, f.Events = Certain, nil, channelBindingEvents[:1]
		f.Summary = fmt.Sprintf("%s refused %s %s: the token is not bound to the TLS channel (80090346).", c.server(r.To), c.whoAll(rows), nTimes(total(rows)))
		f.Cause = "The client cannot do channel binding, or something between the two ends its TLS."
	})
	rows = c.rowsWhere(decode.AP, signingDemanded)
	return append(found, c.each(rows, byServiceAndServer, []string{"carrier_result.code", "ticket.sname"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence, f.FaultAt = Certain, nil
		f.Summary = fmt.Sprintf("%s refused %s %s with %s: it demands signing or sealing of the connection.", c.server(r.To), c.whoAll(rows), nTimes(total(rows)), refusalText(r))
		f.Cause = "The client negotiated neither signing nor sealing, and the server demands it (LDAPServerIntegrity on a DC). Ticket and key are not the reason."
		f.Fix = slices.Clone(signingSteps)
		f.Undo = nil
		f.Events = channelBindingEvents[1:]
	})...)
}

// signingSteps are for a server that demands signing.
var signingSteps = []string{
	`Let the client sign: Windows: LDAP_OPT_SIGN, policy "Network security: LDAP client signing requirements"; OpenLDAP: SASL_SECPROPS minssf=1 in ldap.conf, and no -O maxssf=0; Samba: client ldap sasl wrapping = sign; Java: javax.security.sasl.qop=auth-int,auth-conf`,
	`Or connect with LDAPS or StartTLS, where signing is not asked for`,
	`See who else would be refused before anything is changed on a DC: event 2889 in the Directory Service log, with "16 LDAP Interface Events" at 2`,
}

// signingDemanded tells LDAP's refusal of a Kerberos bind that sets up no
// protection: strongerAuthRequired (8), confidentialityRequired (13).
func signingDemanded(r *Record) bool {
	return r.Ending == decode.Denied && r.Error == nil && r.Word != nil && len(r.Carrier) > 0 && r.Carrier[0] == "ldap" && !r.Word.NoCode && (r.Word.Code == 8 || r.Word.Code == 13)
}
