package analyze

import (
	"fmt"

	"kerbscope/decode"
)

// addressBoundTicket: 38.
var addressBoundTicket = &Rule{
	ID:    "address-bound-ticket",
	Title: "The ticket is bound to another address than the client's",
	Doc: `KRB_AP_ERR_BADADDR (38): the ticket carries the addresses that the client had asked for, and the request came from another one. NAT, a VPN or a second network card between
client and service does that. The acceptor could decrypt the ticket: keys, kvno and SPN are right.`,
	Rivals: []string{
		`The client asked for a proxy or forwarded ticket with a given address: the option is in the request when it was captured.`,
		`NAT between client and KDC instead of service: the addresses that both saw are in the evidence where both sides were captured.`,
		`A KDC sends 38 for the TGT: then it is in a TGS exchange and the finding names the KDC.`,
	},
	Fix: []string{
		`Windows asks for no addresses by default: reg query HKLM\SYSTEM\CurrentControlSet\Control\Lsa\Kerberos\Parameters /v ClientIpAddresses, and set it to 0 or delete it`,
		`MIT: noaddresses = true in [libdefaults] (its default), no kinit -a; Heimdal: no-addresses = true`,
		`Then a new logon: klist purge, kinit`,
	},
	Refs:     []string{"RFC 4120 §3.2.3, §5.3 (caddr), §7.5.9", "KB837361 (ClientIpAddresses)"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkAddressBoundTicket,
}

func checkAddressBoundTicket(c *Case) []Finding {
	is := func(r *Record) bool { return r.code() == errBadAddr && r.Ending == decode.Failed }
	rows := append(c.rowsWhere(decode.TGS, is), c.rowsWhere(decode.AP, is)...)
	return c.each(rows, byQuestion, []string{"error_code", "ticket.sname"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence = Certain
		f.FaultAt = nil
		f.Summary = fmt.Sprintf("%s refused %s %s: the ticket is bound to another address than %s (38).", c.server(r.To), c.whoAll(rows), nTimes(total(rows)), r.From.Addr())
		f.Cause = "The client asked for a ticket with addresses in it, and NAT, a VPN or a second network card makes it come from another one. The ticket was decrypted: keys and names are right."
	})
}
