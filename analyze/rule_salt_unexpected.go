package analyze

import (
	"fmt"
	"strings"

	"kerbscope/decode"
)

// saltUnexpected: the salt of an AES key is not the one that the name gives.
var saltUnexpected = &Rule{
	ID:    "salt-unexpected",
	Title: "The account's salt is not the one that its name gives",
	Doc: `The KDC's ETYPE-INFO2 names a salt for an AES key that differs from the usual one: realm and user name, or for a computer the realm, "host" and
the host's full name. It happens to renamed accounts, which keep the old salt until the next password change, and to the first DC's Administrator. Windows
and kinit follow the salt that they are told, so it harms nobody but keytabs: ktpass, ktutil and msktutil compute the salt from the name, and the AES key comes out wrong while
the RC4 key, which has no salt, is right. The finding is a warning only when that picture is seen: AES refused with PREAUTH_FAILED, RC4 accepted.`,
	Rivals: []string{
		`The account logs on by an alias (UPN, name@other): its real name is not in view, and the rule is silent for names with @.`,
		`The realm is not Active Directory's and its administrator chose another salt type: harmless for clients that follow the salt.`,
		`The password is simply wrong: then RC4 fails as AES does, and preauth-failed stands alone.`,
	},
	Fix: []string{
		`Give the account a new password: the salt is then made from its present name. Set-ADAccountPassword NAME -Reset; computer: Reset-ComputerMachinePassword`,
		`Or make the keytab with the salt that the KDC tells: ktutil: addent -password -p NAME -k KVNO -e aes256-cts-hmac-sha1-96 -s SALT`,
		`Samba: samba-tool domain exportkeytab FILE --principal=NAME writes the stored keys, whatever the salt`,
	},
	Refs:     []string{"RFC 4120 §4, §5.2.7.5", "[MS-KILE] §3.1.1.2, §3.3.5.6.2"},
	Since:    "0.1.0",
	Severity: Note,
	Check:    checkSaltUnexpected,
}

func checkSaltUnexpected(c *Case) []Finding {
	var found []Finding
	told := map[string]bool{}
	var pictures map[string]saltPicture
	for _, a := range c.Accounts() {
		salt, ok := aesSalt(a.Keys)
		name, realm := splitPrincipal(a.Principal)
		if !ok || told[lower(a.Principal)] || name == "" || realm == "" || strings.Contains(name, "@") || usualSalt(salt, name, realm) {
			continue
		}
		told[lower(a.Principal)] = true
		f := c.aboutRecords([]*Record{a.Example}, "hint.etype_info2", "error.etype_info2")
		f.Count, f.Confidence, f.Severity = a.Count, Certain, Note
		f.Client, f.Subject.Client, f.FaultAt = a.Principal, a.Principal, nil
		f.Summary = fmt.Sprintf("The AES keys of %s have the salt %s; its name gives %s.", name, salt, expectedSalts(name, realm)[0])
		f.Cause = "The account was renamed since its password was set, or its keys were made under another name. Clients follow the salt that they are told; a keytab made by a tool that computes it holds wrong AES keys."
		if pictures == nil {
			pictures = c.saltPictures()
		}
		p := pictures[lower(a.Principal)]
		if refused, accepted := p.refused, p.accepted; refused != nil && accepted != nil {
			f.Severity, f.Confidence = Warning, Likely
			c.cite(&f, refused, "preauth_etype", "error_code")
			c.cite(&f, accepted, "preauth_etype", "reply.etype")
			f.Summary += " Its proof with an AES key was refused, and that with RC4, which has no salt, accepted."
			f.Cause = "The client's AES key was made with another salt than the KDC's: a keytab or a stored key that was computed from the name."
		}
		f.fill = []string{"NAME", name, "SALT", salt}
		found = append(found, f)
	}
	return found
}

// A saltPicture is an AES proof refused and an RC4 proof accepted.
type saltPicture struct{ refused, accepted *Record }

// saltPictures finds them by principal, in lower case.
func (c *Case) saltPictures() map[string]saltPicture {
	found := map[string]saltPicture{}
	for _, w := range c.Rows(decode.AS) {
		r := w.Record()
		if r.Req.PreauthEtype == nil {
			continue
		}
		who := lower(r.Client)
		p := found[who]
		switch e := *r.Req.PreauthEtype; {
		case isAES(e) && r.code() == errPreauthFailed:
			p.refused = r
		case isRC4(e) && r.Ending == decode.OK:
			p.accepted = r
		default:
			continue
		}
		found[who] = p
	}
	return found
}

// aesSalt is the salt of the first AES key that has one.
func aesSalt(keys []KeyInfo) (string, bool) {
	for _, k := range keys {
		if isAES(k.Etype) && k.HasSalt {
			return k.Salt, true
		}
	}
	return "", false
}

// expectedSalts are what the name gives: RFC 4120 §4 (realm and components),
// and for AD's computers [MS-KILE] §3.1.1.2. A host service (host/NAME) is a
// computer in AD and a principal like others elsewhere; RFC 4120's salt is the same.
func expectedSalts(name, realm string) []string {
	if isComputer(name) && !strings.Contains(name, "/") {
		host := strings.TrimSuffix(name, "$")
		return []string{strings.ToUpper(realm) + "host" + asciiLower(host) + "." + asciiLower(realm), realm + name, realm + "krbtgt" + host} // the last: a trust's account
	}
	return []string{realm + strings.Join(components(name), "")}
}

// usualSalt compares without case: a client may type its name in any.
func usualSalt(salt, name, realm string) bool {
	for _, r := range append([]string{realm}, dnsRealms(salt, name, realm)...) {
		for _, e := range expectedSalts(name, r) {
			if strings.EqualFold(salt, e) {
				return true
			}
		}
	}
	return false
}

// dnsRealms are the realms that a salt can be made of, where a client gave the
// domain's NetBIOS name: those that begin with it as their first label.
func dnsRealms(salt, name, realm string) (list []string) {
	if strings.Contains(realm, ".") || len(salt) <= len(realm) || !strings.EqualFold(salt[:len(realm)], realm) || salt[len(realm)] != '.' {
		return nil
	}
	plain := len(salt) - len(strings.Join(components(name), ""))
	host := strings.TrimSuffix(name, "$")
	for _, n := range [...]int{plain, (len(salt) - len("host") - len(host) - 1) / 2, len(salt) - len("krbtgt") - len(host)} {
		if n > len(realm) && n < len(salt) {
			list = append(list, salt[:n])
		}
	}
	return list
}
