package analyze

import (
	"fmt"
	"slices"
	"strings"

	"kerbscope/decode"
)

// clientRevoked: 18, and MIT's 1.
var clientRevoked = &Rule{
	ID:    "client-revoked",
	Title: "The account is disabled, locked, expired or outside its logon hours",
	Doc: `KDC_ERR_CLIENT_REVOKED (18): the KDC knows the account and refuses it. Windows says why in an NTSTATUS inside the error's
e-data: C0000072 disabled, C0000234 locked out, C0000193 expired, C000006F outside logon hours. MIT and Heimdal KDCs
say it in e-text, MIT also with KDC_ERR_NAME_EXP (1) for an entry past its date; its "CLIENT LOCKED OUT" is an entry
that gets no tickets (-allow_tix), its "LOCKED_OUT" one that too many wrong passwords locked. Without either the rule can
name the refusal but not the reason.

Heimdal says KDC_ERR_POLICY (12) of a locked or invalid entry, and Samba says it to one who has a TGT already and asks for a
service's ticket: such a refusal counts when the error says no more (at a logon), or when the same KDC refuses the account itself and gave it nothing in between.`,
	Rivals: []string{
		`Locked out, disabled, expired, logon hours: told apart by the NTSTATUS or the e-text only; without them the finding stays "likely".`,
		`A stale password in a service, task or phone locks the account again and again: look for preauth-failed of the same account from another host.`,
		`A logon refused with a bare 12 by a KDC other than Heimdal: another policy (logon computers, silos).`,
		`Only this DC believes it (the change is not replicated): a success at another KDC makes it a note.`,
	},
	Fix: []string{
		`Search-ADAccount -LockedOut; Get-ADUser NAME -Properties LockedOut,Enabled,AccountExpirationDate,logonHours,BadLogonCount,LastBadPasswordAttempt`,
		`Unlock-ADAccount NAME, Enable-ADAccount NAME or Clear-ADAccountExpiration NAME, as the reason asks`,
		`Find what locks it: Security event 4740 on the PDC names the computer`,
		`Samba: samba-tool user enable NAME, samba-tool user unlock NAME; MIT: kadmin getprinc NAME, modprinc -unlock NAME`,
	},
	Events:   []Event{{Host: "DC", Log: "Security", ID: "4768", Meaning: "TGT request failed, result code 0x12"}, {Host: "PDC", Log: "Security", ID: "4740", Meaning: "account locked out, and by which computer"}},
	Refs:     []string{"[MS-KILE] §3.3.5.6.3, §2.2.2 (e-data)", "RFC 4120 §7.5.9", "[MS-ERREF] §2.3"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkClientRevoked,
}

func checkClientRevoked(c *Case) []Finding {
	is := func(r *Record) bool {
		return r.Ending == decode.Failed && (r.code() == errClientRevoked || r.code() == errNameExp)
	}
	refused := c.rowsWhere(decode.AS, func(r *Record) bool { return is(r) || barePolicy(r) })
	rows := append(refused, c.rowsWhere(decode.TGS, func(r *Record) bool { return is(r) || c.revokedInSession(r) })...)
	return c.each(rows, byAccountAndKDC, []string{"error_code", "e_data.ntstatus", "e_text", "cname"}, func(f *Finding, rows []*Row, r *Record) {
		f.Confidence = Certain
		reason := revokedReason(r)
		locked := reason == "" || reason == isLocked
		if reason == "" && barePolicy(r) {
			reason, f.Confidence = "is locked or invalid", Likely
		} else if reason == "" {
			reason = "is disabled, locked out, expired or outside its logon hours"
			f.Confidence = Likely
		}
		name := bare(r.Client)
		if c.namesakes(r.Client) {
			name = r.Client
		}
		f.Summary = fmt.Sprintf("The account %s %s: %s refused it %s (%s).", orUnknown(name), reason, c.HostName(r.To.Addr()), nTimes(total(rows)), codesOf(rows))
		f.Cause = "The KDC knows the account and does not let it log on."
		if barePolicy(r) {
			f.Cause = "KDC_ERR_POLICY (12) without any reason is what Heimdal says of an entry that is locked (locked-out) or invalid; of another KDC it would be another policy."
		}
		if strings.EqualFold(r.Error.EText, mitDisabled) {
			f.Cause = "So MIT's KDC says it of an entry that was barred from all tickets (kadmin modprinc -allow_tix), not of one that wrong passwords locked: unlocking does not help."
		}
		if n := total(slices.DeleteFunc(slices.Clone(rows), func(row *Row) bool { return row.Record().Kind != decode.TGS })); n > 0 && n < total(rows) {
			f.Cause += fmt.Sprintf(" %s of those met a logon that was there already, which gets no further ticket.", plural(n, "refusal"))
		}
		f.parts = accountSubjects(c, rows, locked)
		f.fill = []string{"NAME", bare(r.Client)}
		if isComputer(r.Client) {
			f.fill = append(f.fill, "Get-ADUser", "Get-ADComputer")
		}
		if steps := revokedSteps[reason]; steps != nil {
			f.Fix = fillIn(steps, f.fill)
		}
	})
}

// postdating are the KDC options allow-postdate and postdated, RFC 4120 §5.4.1:
// a KDC may refuse those by policy.
const postdating = 0x06000000

// barePolicy tells a logon refused with 12 and not a word more.
func barePolicy(r *Record) bool {
	return r.Kind == decode.AS && r.Ending == decode.Failed && r.code() == errPolicy && r.Error.NTStatus == nil && r.Error.EText == "" && len(r.Error.PAData) == 0 &&
		!r.Req.FAST && r.Req.KDCOptions&postdating == 0 && isTGT(r.Service)
}

// revokedInSession tells that a KDC refused a ticket to one with a TGT for the
// account's sake: it says so, or it refused the account itself and gave it
// nothing in between.
func (c *Case) revokedInSession(r *Record) bool {
	if r.Kind != decode.TGS || r.Ending != decode.Failed || r.code() != errPolicy || len(r.Req.Additional) > 0 || r.Req.ForUser != "" || r.Client == "" {
		return false
	}
	if r.Error.NTStatus != nil {
		return revokedReason(r) != ""
	}
	same := func(x *Record) bool { return samePrincipal(x.Client, r.Client) && c.SameHost(x.To.Addr(), r.To.Addr()) }
	for _, row := range c.rowsWhere(decode.AS, func(x *Record) bool { return x.Ending == decode.Failed && x.code() == errClientRevoked && same(x) }) {
		for _, x := range row.Exemplars {
			from, to := min(x.Start, r.Start), max(x.Start, r.Start)
			if !slices.ContainsFunc(c.Rows(decode.AS, decode.TGS), func(row *Row) bool {
				return same(row.Record()) && row.Record().answers() && slices.ContainsFunc(row.Exemplars, func(y *Record) bool { return y.Start > from && y.Start < to })
			}) {
				return true
			}
		}
	}
	return false
}

// codesOf are the error codes of rows.
func codesOf(rows []*Row) string {
	var list []string
	for _, row := range rows {
		list = addOnce(list, fmt.Sprint(row.Record().code()))
	}
	return join(list, 4)
}

// mitDisabled is what MIT's KDC says, in spite of the words, of an entry that
// gets no tickets by its attributes (-allow_tix); of one that its lockout policy
// locked it says LOCKED_OUT.
const mitDisabled = "CLIENT LOCKED OUT"

// Reasons that an error gives.
const (
	isLocked   = "is locked out"
	isDisabled = "is disabled"
	hasExpired = "has expired"
	outOfHours = "is outside its logon hours"
	elsewhere  = "may not log on from this computer"
)

// revokedSteps are for those whose reason is known.
var revokedSteps = map[string][]string{
	isDisabled: {
		`See who disabled it, and why: Get-ADUser NAME -Properties Enabled,whenChanged,Description; Security event 4725 on the DCs`,
		`If it is meant to log on: Enable-ADAccount NAME; Samba: samba-tool user enable NAME; MIT: kadmin modprinc +allow_tix NAME`,
	},
	isLocked: {
		`Find what locks it, or it will be locked again: Security event 4740 on the PDC names the computer; there, stored passwords, services and scheduled tasks (cmdkey /list)`,
		`Get-ADUser NAME -Properties LockedOut,BadLogonCount,LastBadPasswordAttempt,AccountLockoutTime`,
		`Unlock-ADAccount NAME; Samba: samba-tool user unlock NAME; MIT: kadmin modprinc -unlock NAME; Heimdal: kadmin modify --attributes=-locked-out NAME`,
	},
	hasExpired: {
		`Get-ADUser NAME -Properties AccountExpirationDate; MIT: kadmin getprinc NAME`,
		`If it is meant to log on: Clear-ADAccountExpiration NAME; Samba: samba-tool user setexpiry NAME --noexpiry; MIT: kadmin modprinc -expire never NAME`,
	},
	outOfHours: {
		`Active Directory Users and Computers, properties of NAME, Account, Logon Hours: allow the time at which it logs on, or log on then`,
	},
	elsewhere: {
		`Active Directory Users and Computers, properties of NAME, Account, Log On To: add the computer (Get-ADUser NAME -Properties LogonWorkstations)`,
	},
}

// accountSubjects are those of the refusals, one for each host that asked. An
// account may have been locked from yet another host: then one without address.
func accountSubjects(c *Case, rows []*Row, locked bool) (list []Subject) {
	for _, row := range rows {
		x := c.subject(row.Record())
		if !slices.ContainsFunc(list, func(o Subject) bool { return o.ClientIP == x.ClientIP }) {
			list = append(list, x)
		}
	}
	if x := list[0]; locked {
		x.ClientIP = ""
		list = append(list, x)
	}
	return list
}

// namesakes tells that a client of another realm has the same name.
func (c *Case) namesakes(client string) bool {
	return slices.ContainsFunc(c.Rows(decode.AS), func(row *Row) bool {
		x := row.Record().Client
		return samePrincipal(bare(x), bare(client)) && !samePrincipal(x, client) && x != bare(x)
	})
}

// byAccountAndKDC is for what a KDC knows of an account, whoever asks.
func byAccountAndKDC(r *Record) string {
	if r.Client == "" {
		return byClientAndKDC(r)
	}
	return lower(r.Client) + "|" + r.To.Addr().String()
}

// revokedReason is what the error itself says.
func revokedReason(r *Record) string {
	if s := r.Error.NTStatus; s != nil {
		switch *s {
		case 0xC0000072:
			return isDisabled
		case 0xC0000234:
			return isLocked
		case 0xC0000193:
			return hasExpired
		case 0xC000006F:
			return outOfHours
		case 0xC0000070:
			return elsewhere
		}
	}
	switch {
	case r.code() == errNameExp:
		return hasExpired
	case mentions(r.Error.EText, "disabled"), strings.EqualFold(r.Error.EText, mitDisabled):
		return isDisabled
	case mentions(r.Error.EText, "lock"):
		return isLocked
	}
	return ""
}
