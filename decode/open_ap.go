package decode

import (
	"encoding/binary"
	"fmt"

	"kerbscope/decode/krb5"
)

// presented opens an AP-REQ alone and remembers its keys for the answer.
func (o *opener) presented(m *Message, q *krb5.APReq) *Opened {
	if !q.Ticket.OK {
		return nil
	}
	r, t := o.apReq(q, usageAPAuthenticator)
	if t.session.EType.OK {
		o.begin(m, t)
	}
	return r
}

// apReq opens the ticket of an AP-REQ, and its authenticator.
func (o *opener) apReq(q *krb5.APReq, usage uint32) (*Opened, dialog) {
	r := o.ticket(&q.Ticket)
	t := dialog{}
	key, from := o.sessionOf(&q.Ticket, r)
	if from == "" {
		return r, t
	}
	t.session = key
	with := *r
	if !r.session.EType.OK {
		with.SessionKeyEType, with.SessionKeyFrom = key.EType, from
	}
	if q.Authenticator.OK {
		var a krb5.Authenticator
		with.Authenticator, a = openAuthenticator(q.Authenticator, key, usage)
		t.subkey, t.ctime = cloneKey(a.Subkey), a.CTime
	}
	return &with, t
}

// openAuthenticator opens an authenticator with the session key of its ticket.
func openAuthenticator(d krb5.EncryptedData, key krb5.EncryptionKey, usage uint32) (*OpenedAuthenticator, krb5.Authenticator) {
	plain, why := withSession(key, d, usage, "authenticator")
	if why == "does not open" {
		why = "the session key of the ticket does not open the authenticator"
	}
	if why != "" {
		return &OpenedAuthenticator{WhyNot: why}, krb5.Authenticator{}
	}
	a, ok := krb5.ParseAuthenticator(plain)
	if !ok {
		return &OpenedAuthenticator{WhyNot: "the authenticator opens, but holds none"}, krb5.Authenticator{}
	}
	r := &OpenedAuthenticator{CTime: a.CTime, CUSec: a.CUSec, SubkeyEType: a.Subkey.EType,
		SeqNumber: a.SeqNumber, CName: a.CName, CRealm: a.CRealm, CksumType: a.Cksum.Type}
	if v := a.Cksum.Value; a.Cksum.Type.V == gssChecksum && len(v) >= 24 {
		r.GSSFlags = krb5.Opt[uint32]{V: binary.LittleEndian.Uint32(v[20:]), OK: true}
		for _, c := range v[4:20] {
			r.Bound = r.Bound || c != 0
		}
	}
	for d := range krb5.AuthorizationData(a.AuthData) {
		switch x := d.Decode(); {
		case x.Target != "":
			r.Target = x.Target
		case x.APOptions.OK:
			r.APOptions = x.APOptions
		case x.ETypes != nil:
			r.ETypes = x.ETypes
		}
	}
	return r, a
}

// gssChecksum is the checksum type of GSS, RFC 4121 §4.1.1: no checksum, but
// length and MD5 of the channel bindings, and the flags of the context.
const gssChecksum = 0x8003

// gssFlags are the flags of a context, RFC 2744 §5.19 and, from dce-style on,
// [MS-KILE] §3.1.1.3 and [MS-RPCE]; the first is bit 0.
var gssFlags = [...]string{"deleg", "mutual", "replay", "sequence", "conf", "integ", "anon", "", "", "", "", "", "dce-style", "identify", "extended-error"}

// GSSFlagNames lists the flags that are set.
func GSSFlagNames(v uint32) (names []string) {
	for i, name := range gssFlags {
		if name != "" && v&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// apRep opens an AP-REP with the session key of the ticket that it answers.
func (o *opener) apRep(m *Message, p *krb5.APRep) *Opened {
	talks := o.talks(m)
	if len(talks) == 0 || !p.EncPart.OK {
		return nil
	}
	r := &OpenedAPRep{}
	for i := range talks {
		t := &talks[i]
		if !t.session.EType.OK {
			continue
		}
		plain, why := withSession(t.session, p.EncPart, usageAPRep, "AP-REP")
		if why != "" {
			if r.WhyNot == "" {
				r.WhyNot = why
			}
			continue
		}
		part, ok := krb5.ParseEncAPRepPart(plain)
		if !ok {
			continue
		}
		if part.Subkey.EType.OK {
			t.theirs = cloneKey(part.Subkey)
		}
		return &Opened{APRep: &OpenedAPRep{Key: "session key of the ticket", CTime: part.CTime, CUSec: part.CUSec,
			SubkeyEType: part.Subkey.EType, SeqNumber: part.SeqNumber}}
	}
	if r.WhyNot == "does not open" {
		r.WhyNot = "the session key of the ticket does not open the AP-REP"
	}
	if r.WhyNot == "" {
		return nil
	}
	return &Opened{APRep: r}
}

// priv opens a KRB-PRIV of the password protocol, RFC 3244 §2: under the
// subkey of the authenticator or of the AP-REP, else the session key.
func (o *opener) priv(m *Message, p *krb5.KRBPriv) *Opened {
	talks := o.talks(m)
	if len(talks) == 0 || !p.EncPart.OK {
		return nil
	}
	kpasswd := len(m.Carrier) > 0 && m.Carrier[0] == "kpasswd"
	why := ""
	for i := range talks {
		t := &talks[i]
		for _, k := range []struct {
			key  krb5.EncryptionKey
			name string
		}{{t.subkey, "subkey of the authenticator"}, {t.theirs, "subkey of the AP-REP"}, {t.session, "session key of the ticket"}} {
			if !k.key.EType.OK {
				continue
			}
			var plain []byte
			if plain, why = withSession(k.key, p.EncPart, usagePriv, "KRB-PRIV"); why != "" {
				continue
			}
			part, ok := krb5.ParseEncKrbPrivPart(plain)
			if !ok {
				continue
			}
			r := &OpenedPriv{Key: k.name, Size: len(part.UserData)}
			if kpasswd && m.Src == t.server {
				r.Result = kpasswdAnswer(part.UserData)
			}
			return &Opened{Priv: r}
		}
	}
	if why == "does not open" {
		why = "no key of the AP-REQ before it opens the KRB-PRIV"
	}
	if why == "" {
		return nil
	}
	return &Opened{Priv: &OpenedPriv{WhyNot: why}}
}

// kpasswdAnswer is the result code and text that a reply of the password
// protocol holds, RFC 3244 §2; nil when it holds none. A DC that refuses a password for its
// policy sends the policy itself in place of a text ([MS-SAMR] has the fields).
func kpasswdAnswer(b []byte) *Result {
	if len(b) < 2 {
		return nil
	}
	code := binary.BigEndian.Uint16(b)
	r := &Result{Outcome: Refused, Code: int64(code)}
	if code == 0 {
		r.Outcome = Accepted
	}
	if int(code) < len(kpasswdResults) {
		r.CodeName = kpasswdResults[code]
	}
	t := b[2:]
	if len(t) == 30 && t[0] == 0 && t[1] == 0 {
		day := uint64(24 * 3600 * 1e7)
		age := binary.BigEndian.Uint64(t[22:])
		r.Text = fmt.Sprintf("password policy: at least %d characters, history of %d, minimum age %d days", binary.BigEndian.Uint32(t[2:]), binary.BigEndian.Uint32(t[6:]), age/day)
		if binary.BigEndian.Uint32(t[10:])&1 != 0 {
			r.Text += ", complexity"
		}
		return r
	}
	r.Text = printableText(t)
	return r
}
