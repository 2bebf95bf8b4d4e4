package analyze

import (
	"fmt"
	"slices"

	"kerbscope/decode"
)

// refusedSteps are what to do; the first is for carriers whose log is not known.
var refusedSteps = []string{
	`Read the service's own log at that time (the finding names it for its protocol); on Windows also Security event 4625 with its status`,
	`Who has the SPN and who runs the service: setspn -Q SPN; Get-CimInstance Win32_Service | select Name,StartName`,
	`A service with a keytab: klist -kte KEYTAB; KRB5_TRACE=/var/tmp/trace in its environment`,
}

// refusedEvents are where Windows tells more; the second is of SMTP.
var refusedEvents = []Event{{Host: "service host", Log: "Security", ID: "4625", Meaning: "status and sub-status: 0xC000006D with NULL SID: the ticket could not be used"}, {Host: "service host", Log: "Application", ID: "MSExchangeTransport 1035", Meaning: "inbound authentication failed, and the error"}}

// apRefused: no, without a Kerberos error.
var apRefused = &Rule{
	ID:    "ap-refused",
	Title: "The service refused the Kerberos authentication without saying why",
	Doc: `An AP-REQ was answered by the carrier's refusal alone: 535 (SMTP), 401 (HTTP), STATUS_LOGON_FAILURE (SMB), 49 (LDAP), bind_nak or fault (RPC). No Kerberos error came with it.
Many acceptors never send one: Postfix with Cyrus SASL, smbd, Java, Heimdal and gokrb5. So a key that does not fit looks like this, and so do a policy, a
missing right, a name mapping that fails, a wrong channel binding and a replay cache. The finding states the refusal; the cause must come from
the service's log or a keytab.`,
	Rivals: []string{
		`A key that does not fit (wrong keytab, SPN on another account, password changed): give kerbscope the service's keytab with --keytab and it proves or excludes it.`,
		`The user is authenticated but not allowed (SMTP relay rights, LDAP access, web authorization): HTTP usually says 403 then, others do not distinguish.`,
		`Channel binding or signing demanded by the service (EPA): only over TLS or in LDAP, with code 80090346 in LDAP's text.`,
		`The token was too large for the service (HTTP 400, 413): not a refusal of this kind.`,
	},
	Fix:      refusedSteps,
	Events:   refusedEvents,
	Refs:     []string{"RFC 4954 (535)", "RFC 4559 (HTTP Negotiate)", "[MS-RPCE] §2.2.2.5 (bind_nak 9)", "[MS-SMB2] §3.3.5.5", "RFC 4511 §4.1.9 (LDAP 49)"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkAPRefused,
}

func checkAPRefused(c *Case) []Finding {
	rows := c.rowsWhere(decode.AP, func(r *Record) bool {
		return r.Ending == decode.Denied && r.Error == nil && r.Presented != nil && !keytabProves(r) && !mislabelled(r) && !signingDemanded(r) && !c.errorBeside(r)
	})
	taken := c.taken()
	return c.each(rows, byServiceAndServer, []string{"carrier_result.code", "ticket.sname", "ticket.etype", "ticket.kvno"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence = Likely
		f.FaultAt = nil
		with := " (" + ticketText(r.Presented) + ")"
		cut := c.gappy(r)
		f.Summary = fmt.Sprintf("%s refused the Kerberos authentication of %s for %s%s %s with %s and no Kerberos error.", c.server(r.To), c.whoAll(rows), serviceText(r), with, nTimes(total(rows)), refusalText(r))
		f.Cause = "The service says no without a reason. A key that does not fit looks like this with many services (Postfix, smbd, Java), and so do a policy, a missing right or a replay cache."
		switch {
		case cut:
			f.Confidence = Possible
			f.Cause = "A part of this connection was not captured, and with it perhaps the Kerberos error that tells why."
		case r.Reply != nil:
			f.Cause = "The service decrypted the ticket, as its AP-REP shows, and refused all the same: the user is not allowed, a name does not map to an account, or a binding to the connection is missing. The keys are right."
		case r.Opened != nil && r.Opened.Unnamed:
			f.Cause = fmt.Sprintf("The service says no without a reason. The ticket was made with the key of %s: if the service runs as that account, the key is not the reason, but a policy, a missing right, a clock or a replay cache; else the service name is on the wrong account.", r.Opened.Owner)
		case r.Opened != nil && r.Opened.Key != "":
			f.Cause = "The service says no without a reason. The given keytab opens the ticket: if the service uses that keytab, the key is not the reason, but a policy, a missing right, a clock or a replay cache."
		}
		f.CaptureNext = []string{"Give kerbscope the service's keytab (--keytab): it proves or excludes a wrong key."}
		steps := append(logsOf(r), refusedSteps[1:]...)
		if r.Reply == nil && r.Opened == nil {
			if note := c.otherKeyNote(taken, r, false); note != "" {
				f.Cause = "The service says no without a reason." + note
				steps = append([]string{spnOnWrongAccountSteps[0], spnOnWrongAccountSteps[3]}, steps...)
			}
		}
		f.Cause += c.anonymousNote(r.To)
		f.fill = []string{"SPN", spnOf(r), "HOST", spnHost(r.Service)}
		f.Fix = fillIn(steps, f.fill)
		f.Events = refusedEvents[:1]
		if len(r.Carrier) > 0 && r.Carrier[0] == "smtp" {
			f.Events = refusedEvents
		}
	})
}

// refusalLogs are where services of a carrier write why they refused.
var refusalLogs = map[string][]string{
	"smtp": {
		`Exchange: the receive connector's protocol log (Set-ReceiveConnector -ProtocolLogging Verbose)`,
		`Postfix with Cyrus SASL: journalctl -u postfix, with log_level: 7 in the smtpd.conf of SASL`,
	},
	"http": {
		`IIS: the sub-status and Win32 status in its log. Apache: its error log with LogLevel debug (mod_auth_gssapi, mod_auth_kerb). A proxy: its own log (Squid: cache.log, debug_options 29,9)`,
	},
	"ldap": {
		`A DC: event 2889 and 3039 in the Directory Service log, and the data code in the answer's text (80090346: channel binding; 8009030C: logon denied). OpenLDAP: loglevel stats, and KRB5_KTNAME of slapd`,
	},
	"smb2": {
		`Windows: event 551 in Microsoft-Windows-SMBServer/Security and Security event 4625. Samba: log level = 1 auth:5; then smbd says which key it missed`,
	},
	"imap": {`Dovecot: auth_debug = yes, and auth_krb5_keytab. Exchange: Set-ImapSettings -ProtocolLogEnabled $true`},
	"pop":  {`Dovecot: auth_debug = yes, and auth_krb5_keytab. Exchange: Set-PopSettings -ProtocolLogEnabled $true`},
	"sieve": {
		`Dovecot: auth_debug = yes, and auth_krb5_keytab`,
	},
	"tds": {
		`SQL Server: its error log, the line with "Login failed" or "SSPI handshake failed" and the state behind it; sys.dm_exec_connections.auth_scheme tells what other connections use`,
	},
	"dns":        {`Windows DNS: the DNS Server log, and whether the client may update the record. BIND: tkey-gssapi-keytab, and the log category update-security. Samba: log level = 1 dns:5 auth:5`},
	"rpcsec_gss": {`NFS on Linux: rpc.gssd -vvv and gssproxy or rpc.svcgssd -vvv write to the journal; nfs/HOST must be in /etc/krb5.keytab`},
	"xmpp":       {`The XMPP server's log at level debug, and its keytab`},
	"amqp":       {`The broker's log with SASL traces (Qpid: --log-enable trace+:Security), and its keytab`},
	"dcerpc":     {`Windows: Security event 4625, and with rpc-level detail the ETW provider Microsoft-Windows-RPC. Samba: log level = 1 rpc_srv:5 auth:5`},
}

// logsOf is the first step: the log of such a service. What is inside of
// another carrier has refused, if it is RPC.
func logsOf(r *Record) []string {
	if slices.Contains(r.Carrier, "dcerpc") {
		return slices.Clone(refusalLogs["dcerpc"])
	}
	if len(r.Carrier) > 0 {
		name := r.Carrier[0]
		if name == "smb" {
			name = "smb2"
		}
		if steps := refusalLogs[name]; steps != nil {
			return slices.Clone(steps)
		}
	}
	return slices.Clone(refusedSteps[:1])
}

// gappy tells whether bytes of the connection of r were not captured.
func (c *Case) gappy(r *Record) bool {
	for _, s := range c.Sessions() {
		if s.Client == r.From && s.Server == r.To && s.Begin.Time <= r.Start && s.End.Time >= r.Start {
			return s.Gaps > 0
		}
	}
	return false
}

// errorBeside tells whether a KRB-ERROR stands on the same connection in
// another record: with packets missing, the two may not have been put together.
func (c *Case) errorBeside(r *Record) bool {
	for _, x := range c.RecordsFrom(r.From.Addr()) {
		if x != r && x.Kind == decode.AP && x.From == r.From && x.To == r.To && x.Error != nil && x.Start < r.End+atOnce && r.Start < x.End+atOnce {
			return true
		}
	}
	return false
}
