package analyze

import (
	"fmt"
	"slices"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// krbError: a refusal that no other rule speaks about.
var krbError = &Rule{
	ID:    "krb-error",
	Title: "A request ended in a Kerberos error",
	Doc: `A KDC or a service answered a request with a KRB-ERROR, the client did not get what it asked for afterwards, and no other rule speaks about
that code. The error is a fact; what it means for this code is said in the cause, as far as RFC 4120, RFC 4556 and [MS-KILE]
tell it. The error's text (e-text) and NTSTATUS are given where the answer carries them.

A client that is told twice to preauthenticate (25) and never does is a note: it gave up by itself.

Errors that are steps of a healthy exchange are not counted: 25, 52, 91, a referral (68), a refused forwarded TGT, a request for
another method (48, 69).`,
	Rivals: []string{
		`A step of the protocol: an error followed by what the client asked for is a note.`,
		`A probe: some programs ask for things that they do not need (a forwarded TGT, a renewal); BADOPTION without delegation is a note for that reason.`,
		`A broken or hand-made client: 3, 39, 40, 61 and 15 or 50 say that the message itself was not acceptable.`,
	},
	Fix: []string{
		`Look the code up: kerbscope's cause line, and for a KDC its System log (source Kerberos-Key-Distribution-Center) at that second`,
		`On the client: klist, and reg add HKLM\SYSTEM\CurrentControlSet\Control\Lsa\Kerberos\Parameters /v LogLevel /t REG_DWORD /d 1 /f, then the System log, source Security-Kerberos`,
		`Samba: log level = 1 kerberos:5; MIT: KRB5_TRACE=/dev/stderr on the client, krb5kdc.log on the KDC`,
	},
	Undo:     []string{`reg delete HKLM\SYSTEM\CurrentControlSet\Control\Lsa\Kerberos\Parameters /v LogLevel /f`},
	Events:   []Event{{Host: "DC", Log: "Security", ID: "4768, 4769", Meaning: "the same error as result code, in hexadecimal"}, {Host: "client", Log: "System", ID: "Kerberos 3", Meaning: "the KRB-ERROR with its extended error, when LogLevel is 1"}},
	Refs:     []string{"RFC 4120 §7.5.9", "RFC 4556 §3.1.3", "RFC 6113 §5.4.4", "[MS-KILE] §2.2.2"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkKRBError,
}

// Codes that only krb-error and delegation-refused ask for, RFC 4120 §7.5.9.
const (
	errPolicy        = 12
	errBadOption     = 13
	errServerNomatch = 26
)

// toldElsewhere are the codes that other rules speak about, or that are steps,
// by the kind of exchange.
var toldElsewhere = map[decode.Kind][]int32{
	decode.AS: {errNameExp, errClientUnknown, errServiceUnknown, errNotUnique, errEtypeNosupp, errClientRevoked, errKeyExpired, errPreauthFailed,
		errPreauthRequired, errBadIntegrity, errSkew, errBadAddr, errResponseTooBig, errWrongRealm, 91},
	decode.TGS: {errClientRevoked, errServiceUnknown, errNotUnique, errEtypeNosupp, errKeyExpired, errMustUseU2U, errBadIntegrity, errTktExpired,
		errTktNotYetValid, errRepeat, errSkew, errBadAddr, errModified, errBadKeyVer, errNoKey, errResponseTooBig, 68, errSumtypeNosupp, errInappCksum},
	decode.AP: {errBadIntegrity, errTktExpired, errTktNotYetValid, errRepeat, errNotUs, errSkew, errBadAddr, errModified, errBadKeyVer, errNoKey, 48, 69, errSumtypeNosupp, errInappCksum},
}

// errorMeaning is what a code says that has no rule of its own.
var errorMeaning = map[int32]string{
	2:  "The service's entry in the KDC has expired.",
	3:  "The KDC did not take the message for Kerberos 5.",
	9:  "The account has no usable key: its password was never set.",
	10: "A postdated ticket was asked for; Active Directory issues none.",
	11: "The requested end lies before the start: a clock far off, or the renewal of a ticket past its life.",
	12: "A policy forbids it: logon workstations, an authentication policy or silo, selective authentication on a trust; Heimdal, and Samba after the logon, say so too when the user's account is disabled or locked.",
	13: "An option of the request cannot be granted.",
	15: "The checksum type of the request is not accepted any more: an old client.",
	16: "The kind of preauthentication is not supported: smart card logon without a certificate at the KDC, for one.",
	17: "The transited encoding is not supported.",
	20: "The TGT was revoked: the account was renamed or made anew, or the TGT lacks a PAC.",
	26: "Ticket and server do not belong together (user to user or S4U).",
	28: "The path of realms is not accepted: trust configuration.",
	29: "A service that the KDC needs is not available: another DC, the global catalogue.",
	36: "Ticket and authenticator name different clients.",
	42: "Messages came out of order.",
	50: "The checksum is of a kind that is not accepted.",
	60: "A generic error: text and NTSTATUS, where there are any, tell more.",
	61: "The KDC found the message too long: not Kerberos, or a broken length.",
}

// mitStatus is what MIT's KDC names the step by that failed, as e-text of a
// generic error: its own matter, not the client's.
var mitStatus = map[string]string{
	"GET_LOCAL_TGT":      "The KDC could not get its own krbtgt key: the entry has no key that its krb5.conf permits (permitted_enctypes; keys are made anew by cpw -randkey -keepold krbtgt/REALM), or its database or master key is out of order.",
	"LOOKING_UP_CLIENT":  "The KDC's database could not be read (LDAP server down, file locked): the client is not the matter.",
	"LOOKING_UP_SERVER":  "The KDC's database could not be read (LDAP server down, file locked): the service is not the matter.",
	"FINDING_SERVER_KEY": "The KDC found no usable key of the service: the entry has none that its krb5.conf permits (permitted_enctypes).",
	"DECRYPT_SERVER_KEY": "The KDC could not decrypt the service's key in its database: wrong master key (stash file).",
	"DECRYPT_CLIENT_KEY": "The KDC could not decrypt the client's key in its database: wrong master key (stash file).",
}

func checkKRBError(c *Case) []Finding {
	var found []Finding
	for _, kind := range [...]decode.Kind{decode.AS, decode.TGS, decode.AP, decode.Password} {
		rows := c.rowsWhere(kind, func(r *Record) bool {
			return r.Ending == decode.Failed && untold(r) && !barePolicy(r) && !unknownInSession(r) && !c.revokedInSession(r)
		})
		found = append(found, c.each(rows, func(r *Record) string { return fmt.Sprint(byQuestion(r), "|", r.code()) },
			[]string{"error_code", "e_data.ntstatus", "e_text", "sname"}, func(f *Finding, rows []*Row, r *Record) {
				f.Confidence = Certain
				if r.code() == errBadOption {
					f.Severity = Note
				}
				who := c.HostName(r.To.Addr())
				if r.Kind == decode.AP {
					who = c.server(r.To)
				}
				f.Summary = fmt.Sprintf("%s answered %s %s with %s", who, c.whoAll(rows), nTimes(total(rows)), codeText(r.code()))
				if r.Service != "" {
					f.Summary += ", asked for " + bare(r.Service)
				}
				f.Summary += "."
				f.Cause = errorMeaning[r.code()]
				if f.Cause == "" {
					f.Cause = "The message names no cause beyond the code."
				}
				if r.code() == errPolicy && mentions(r.Error.EText, "higher_authentication") {
					f.Cause = "The service demands an authentication indicator (MIT, FreeIPA: require_auth): the user must log on in a stronger way, by certificate or one-time password, than was done for this TGT."
				}
				if t := mitStatus[r.Error.EText]; t != "" && r.code() == errGeneric {
					f.Cause = t
					f.FaultAt = []Fault{c.faultKDC(r)}
				}
				if t := r.Error.EText; t != "" {
					f.Cause += fmt.Sprintf(" It says %q.", t)
				}
			})...)
	}
	return append(found, c.gaveUp()...)
}

// gaveUp are clients that asked for a logon again and again, were told to
// preauthenticate, and never did: a note, since a probe does the same.
func (c *Case) gaveUp() []Finding {
	var found []Finding
	rows := c.rowsWhere(decode.AS, func(r *Record) bool {
		return r.Ending == decode.Failed && r.code() == errPreauthRequired && !r.Healed && r.Req.Preauth == "" && !withCertificate(r) && !wantsFAST(r) && !r.Req.FAST && r.Client != "" && len(r.Error.PAData) > 0
	})
	for _, group := range groupRows(rows, func(row *Row) string { return byClientAndKDC(row.Record()) }) {
		r := group[0].Record()
		if total(group) < 2 || slices.ContainsFunc(c.Rows(decode.AS), func(row *Row) bool {
			x := row.Record()
			return samePrincipal(x.Client, r.Client) && c.SameHost(x.From.Addr(), r.From.Addr()) && (x.answers() || x.code() != errPreauthRequired)
		}) {
			continue
		}
		f := c.about(group, "error_code", "error.etype_info2", "cname")
		f.Severity, f.Confidence, f.FaultAt = Note, Likely, []Fault{c.faultClient(r)}
		f.Summary = fmt.Sprintf("%s asked %s for a logon %s, was told to preauthenticate (25), and never did.", c.whoAll(group), c.HostName(r.To.Addr()), nTimes(total(group)))
		f.Cause = "The client gave up by itself: no password was typed, its keytab has no such account or no key of an etype that the KDC offers, or it can do none of the ways that the KDC offers."
		if slices.ContainsFunc(r.Error.PAData, func(t int32) bool { return t == krb5.PAPKASReq }) {
			f.Cause += " The KDC offers logon with a certificate: when that was meant, the client did not like its own certificate, key or card, or has no trusted issuer for it (MIT: pkinit_anchors, KRB5_TRACE tells)."
		}
		found = append(found, f)
	}
	return found
}

// untold tells a final error that no other rule speaks about.
func untold(r *Record) bool {
	code := r.code()
	if r.Error == nil || code == 0 {
		return false // cut before its code
	}
	for _, told := range toldElsewhere[r.Kind] {
		if code == told {
			return false
		}
	}
	if tgtNotProcessed(r) && len(r.Req.Additional) == 0 && r.Req.ForUser == "" || pkinitError(r) || armorRefused(r) || r.Kind == decode.TGS && firewalled(r) {
		return false
	}
	switch code {
	case errPolicy, errBadOption, errServerNomatch, errGeneric:
		if s4u(r) || r.Kind == decode.AS && code == errGeneric && mentions(r.Error.EText, "preauth") {
			return false
		}
	}
	// A client asks for a forwarded TGT to hand on, and does without.
	return r.Kind != decode.TGS || r.Req.KDCOptions&krb5.KDCForwarded == 0 || code != errBadOption
}
