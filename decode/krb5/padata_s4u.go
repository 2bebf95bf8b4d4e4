package krb5

import "crypto/x509"

// A ForUser is a PA-FOR-USER, [MS-SFU] §2.2.1: S4U2self by name.
type ForUser struct {
	UserName    PrincipalName
	UserRealm   []byte
	Cksum       Checksum
	AuthPackage []byte // "Kerberos"
}

func (d *PADetail) forUser(p *parser, e element, name string) {
	f, ok := p.bare(e, name)
	if !ok {
		return
	}
	u := new(ForUser)
	for {
		e, ok := f.next(p)
		if !ok {
			break
		}
		switch e.id {
		case ctx(0):
			u.UserName = p.principal(e, "userName")
		case ctx(1):
			u.UserRealm = p.text(e, "userRealm")
		case ctx(2):
			u.Cksum = p.checksum(e, "cksum")
		case ctx(3):
			u.AuthPackage = p.text(e, "auth-package")
		default:
			f.unknown(p, e)
		}
	}
	f.want(p, 0xf)
	d.ForUser = u
}

// An S4UX509User is a PA-S4U-X509-USER, [MS-SFU] §2.2.2, with its S4UUserID:
// S4U2self by name, certificate or both.
type S4UX509User struct {
	Nonce       Opt[uint32]
	CName       PrincipalName
	CRealm      []byte
	Certificate []byte      // subject-certificate
	Options     Opt[uint32] // bit 0 is the highest; S4UOptionNames
	Cksum       Checksum
}

func (d *PADetail) s4uX509User(p *parser, e element, name string) {
	f, ok := p.bare(e, name)
	if !ok {
		return
	}
	u := new(S4UX509User)
	for {
		e, ok := f.next(p)
		if !ok {
			break
		}
		switch e.id {
		case ctx(0):
			p.s4uUserID(e, u)
		case ctx(1):
			u.Cksum = p.checksum(e, "checksum")
		default:
			f.unknown(p, e)
		}
	}
	f.want(p, 3)
	d.S4UX509User = u
}

func (p *parser) s4uUserID(e element, u *S4UX509User) {
	f, ok := p.sequence(e, "S4UUserID")
	if !ok {
		return
	}
	for {
		e, ok := f.next(p)
		if !ok {
			break
		}
		switch e.id {
		case ctx(0):
			u.Nonce = p.uint32(e, "nonce")
		case ctx(1):
			u.CName = p.principal(e, "cname")
		case ctx(2):
			u.CRealm = p.text(e, "crealm")
		case ctx(3):
			u.Certificate, _, _ = p.octets(e, "subject-certificate")
		case ctx(4):
			u.Options = p.flags(e, "options")
		default:
			f.unknown(p, e)
		}
	}
	f.want(p, 1<<0|1<<2)
}

// A ServerReferral is a PA-SVR-REFERRAL-DATA, draft-swift-win2k-krb-referrals,
// as Windows sends it: where the client is to ask.
type ServerReferral struct {
	Realm []byte        // referred-realm
	Name  PrincipalName // referred-name
}

func (d *PADetail) referral(p *parser, e element, name string) {
	f, ok := p.bare(e, name)
	if !ok {
		return
	}
	s := new(ServerReferral)
	for {
		e, ok := f.next(p)
		if !ok {
			break
		}
		switch e.id {
		case ctx(0):
			s.Realm = p.text(e, "referred-realm")
		case ctx(1):
			s.Name = p.principal(e, "referred-name")
		default:
			f.unknown(p, e)
		}
	}
	d.Referral = s
}

// Subject reads the certificate; nil when there is none or it cannot be read.
func (u *S4UX509User) Subject() *Certificate {
	c, err := x509.ParseCertificate(u.Certificate)
	if err != nil {
		return nil
	}
	out := certificateOf(c)
	return &out
}
