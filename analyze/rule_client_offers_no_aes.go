package analyze

import (
	"fmt"
	"slices"

	"kerbscope/decode"
)

// clientOffersNoAES: a request list without any AES etype.
var clientOffersNoAES = &Rule{
	ID:    "client-offers-no-aes",
	Title: "The client offers no AES",
	Doc: `An AS-REQ or TGS-REQ of this client lists no AES etype (17, 18, 19, 20), so somebody switched AES off on that host: a policy, a
registry value, krb5.conf, or the program itself. Session keys, and on older DCs tickets too, become RC4, and a DC that
refuses RC4 answers KDC_ERR_ETYPE_NOSUPP (14).

DefaultEncryptionType is an etype NUMBER (17, 18, 23) and is documented for preauthentication only; SupportedEncryptionTypes
(policy) is a bit MASK. Mixing the two up is a common mistake. Windows with its defaults lists 18, 17, 23, 24, -135 and more: RC4
further down such a list is normal and no finding.`,
	Rivals: []string{
		`The client is too old for AES (Windows 2000, XP, 2003 list 23, -133, -128, 3, 1, 24, -135): recognised by that shape and said in the cause; no setting was changed there.`,
		`A tool that picks one etype for each request (impacket, Rubeus and others ask with a lone 23 or with 23, 16, 3): the shape looks like a forced list; when the same host also sends lists with AES, it is a program and not the host's configuration, and the cause says so.`,
		`The client's keytab holds RC4 keys only, and kinit -k lists what it holds: the AS-REQ alone lacks AES, the TGS-REQ of the same client does not.`,
		`The client lists the session key etype of an RC4 TGT because an administrator of the DC has RC4 forced: the AS-REQ list tells, it is the client's own.`,
	},
	Fix: []string{
		`On HOST, the client: reg query HKLM\SYSTEM\CurrentControlSet\Control\Lsa\Kerberos\Parameters /v DefaultEncryptionType, and note the value`,
		`On HOST: reg query HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\Kerberos\Parameters /v SupportedEncryptionTypes; gpresult /scope computer /h gp.html /f names the policy "Network security: Configure encryption types allowed for Kerberos"`,
		`See that the accounts which log on there have AES keys: Get-ADUser NAME -Properties PasswordLastSet,msDS-SupportedEncryptionTypes (Get-ADComputer for a computer). One whose password is older than the domain's AES (functional level 2008) needs a new password first`,
		`Remove the value: reg delete HKLM\SYSTEM\CurrentControlSet\Control\Lsa\Kerberos\Parameters /v DefaultEncryptionType /f (AES256 is the default), and set the policy to AES128, AES256 and future types, or to not defined; then gpupdate /force and restart. A domain policy reaches all computers under it, and says also which tickets their services take`,
		`Throw the old tickets away: klist purge, and for services of the computer itself, as administrator: klist -li 0x3e7 purge. Mended when klist shows AES-256 as session key type, and a new capture AES in the list`,
		`MIT and Heimdal: remove default_tkt_enctypes, default_tgs_enctypes, permitted_enctypes from [libdefaults] in /etc/krb5.conf and its includes, then kdestroy and kinit; Java: the same file, or the one that -Djava.security.krb5.conf names; Samba: kerberos encryption types = all in smb.conf`,
	},
	Undo: []string{
		`reg add HKLM\SYSTEM\CurrentControlSet\Control\Lsa\Kerberos\Parameters /v DefaultEncryptionType /t REG_DWORD /d OLDVALUE /f, when the value was there before`,
	},
	Events:   []Event{{Host: "DC", Log: "Security", ID: "4768, 4769", Meaning: "the ticket's etype; since the January 2025 updates also the etypes that the client offered"}, {Host: "DC", Log: "System", ID: "KDCSVC 201-209", Meaning: "RC4 audit and blocks, DCs with updates of January 2026 and later"}},
	Refs:     []string{"RFC 4120 §3.1.3, §5.4.1", "KB837361 (DefaultEncryptionType)", "KB2002141 (that advice as a workaround for event 27)", "[MS-KILE] §2.2.7 (bit mask), §3.3.5 note 26 (lists of Windows 2000 to 2003)"},
	Since:    "0.1.0",
	Severity: Warning,
	Check:    checkClientOffersNoAES,
}

func checkClientOffersNoAES(c *Case) []Finding {
	altered := c.alteredRequests()
	without := func(r *Record) bool {
		return !altered[r] && len(r.Req.Etypes) > 0 && !hasAES(r.Req.Etypes) && !hasEtype(r.Req.Etypes, 25) && !hasEtype(r.Req.Etypes, 26) && !loneForwarded(r)
	}
	rows := append(c.rowsWhere(decode.AS, without), c.rowsWhere(decode.TGS, without)...)
	var found []Finding
	for _, group := range groupRows(rows, func(row *Row) string { return row.Record().From.Addr().String() }) {
		r := group[0].Record()
		addr := r.From.Addr()
		f := c.about(group, "etypes", "preauth_etype")
		f.Severity, f.Confidence = Warning, Certain
		var lists []string
		for _, row := range group {
			lists = addOnce(lists, shortEtypes(row.Record().Req.Etypes))
			if x := row.Record(); x.Ending == decode.Failed && x.code() == errEtypeNosupp && !x.Healed {
				f.Severity = Error
			}
		}
		f.FaultAt = []Fault{c.faultClient(r)}
		f.Summary = fmt.Sprintf("%s offered no AES in %s: only %s (%s).",
			c.HostName(addr), plural(total(group), "request"), join(lists, 3), join(c.clientsOf(group), 3))
		switch other := c.offersAES(r); {
		case listShape(r.Req.Etypes) == shapeWindows2003:
			f.Severity = Note
			f.Cause = "The list is that of Windows 2000, XP or Server 2003, which know no AES. No setting is at fault there; only a newer system cures it."
		case other && r.Kind == decode.TGS:
			f.Cause = "The same host offers AES in other requests, so AES is not switched off on it: one program, a list for service tickets alone, or a ticket with an RC4 session key is behind these requests."
		case other:
			f.Cause = "The same host offers AES in other requests, so it is one program, keytab or configuration on that host, not the host as a whole."
		case listShape(r.Req.Etypes) == shapeWindows:
			f.Cause = "A Windows list without AES: the policy \"Configure encryption types allowed for Kerberos\", or DefaultEncryptionType in the registry."
		case listShape(r.Req.Etypes) == shapeTool:
			f.Cause = "A single etype, or RC4 first and DES behind it, in every request: a policy or setting that allows RC4 only, or a program that picks its own etypes. The list alone does not tell which."
		default:
			f.Cause = "Somebody switched AES off on that host: a policy or registry value on Windows (DefaultEncryptionType, SupportedEncryptionTypes), or krb5.conf. The account and the KDC do not decide this list."
		}
		f.Cause += looksLike(group)
		f.fill = []string{"HOST", c.HostName(addr), "NAME", bare(r.Client)}
		found = append(found, f)
	}
	return found
}

// offersAES tells whether the host that sent r offers AES in other requests of
// the same kind, or, for a service ticket, in its logons.
func (c *Case) offersAES(r *Record) bool {
	rows := c.Rows(r.Kind)
	if r.Kind == decode.TGS {
		rows = append(slices.Clone(rows), c.Rows(decode.AS)...)
	}
	for _, row := range rows {
		if x := row.Record(); x.From.Addr() == r.From.Addr() && hasAES(x.Req.Etypes) && !loneForwarded(x) {
			return true
		}
	}
	return false
}
