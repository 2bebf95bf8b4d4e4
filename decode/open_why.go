package decode

import (
	"fmt"
	"slices"
	"strings"

	"kerbscope/decode/krb5"
)

// A service is what a message says in clear of the key that a part of it was
// made with: the ticket's service, or a client.
type service struct {
	name, realm string
	kvno        krb5.Opt[uint32]
}

func (s service) principal() string { return s.name + "@" + s.realm }

// matches compares as Active Directory does, which ignores case.
func (s service) matches(e *keyEntry) bool {
	return strings.EqualFold(s.name, e.name) && strings.EqualFold(s.realm, e.realm)
}

func (s service) hasKVNO(e *keyEntry) bool { return !s.kvno.OK || e.hasKVNO(s.kvno.V) }

// differs says what the label of a key that opens the ticket says otherwise.
func (s service) differs(e *keyEntry) (d Differing, list []string) {
	switch {
	case s.name == e.name && s.realm == e.realm:
	case s.matches(e):
		d |= DiffersCase
		list = append(list, fmt.Sprintf("the ticket is for %s, the key is labelled %s: upper and lower case differ", s.principal(), e.principal()))
	default:
		d |= DiffersName
		list = append(list, fmt.Sprintf("the ticket is for %s, the key is that of %s", s.principal(), e.principal()))
	}
	if !s.hasKVNO(e) {
		d |= DiffersKVNO
		list = append(list, fmt.Sprintf("the ticket says kvno %d, the key is labelled kvno %d", s.kvno.V, e.kvno))
	}
	return d, list
}

// saltDiffers tells that a password opens with another salt than the KDC tells
// the client; "" when it does not, or the KDC told none.
func (o *opener) saltDiffers(e *keyEntry) string {
	if !e.password || e.told {
		return ""
	}
	for _, s := range o.salts[lowerASCII(e.principal())] {
		if s.etype == e.etype() {
			return fmt.Sprintf("the KDC tells %s the salt %q, the key was made with the salt %q", e.principal(), s.salt, e.salt)
		}
	}
	return ""
}

// A whyKey is what a reason depends on.
type whyKey struct {
	what, name, realm string
	kvno              krb5.Opt[uint32]
	etype             int32
	generation        int
	some, all         bool // keys of other names were tried; and all of them
}

// refuse says why no key opens what s seals, by what the labels lack; tried
// keys of the etype were tried in vain, all says that these are all.
func (o *opener) refuse(s sealed, tried int, all bool) *Opened {
	id := whyKey{s.what, s.owner.name, s.owner.realm, s.owner.kvno, s.etype, o.generation, tried > 0, all}
	if r, ok := o.why.get(id); ok {
		return &r
	}
	r := o.reason(s)
	if r.Refusal != WrongSecret && r.Refusal != SaltUnknown {
		switch {
		case !all:
			r.WhyNot += "; the other keys were not all tried: there is too much to try them on"
		case tried > 0:
			r.WhyNot += "; none of the other keys opens the " + s.what
		}
	}
	o.why.put(id, r)
	return &r
}

// has begins a sentence about what the keys given hold.
func (k *Keys) has() string {
	if k.onlyKeytabs() {
		return "the keytab has"
	}
	return "the keys given have"
}

func (k *Keys) onlyKeytabs() bool {
	return len(k.passwords) == 0 && !slices.ContainsFunc(k.entries, func(e keyEntry) bool { return !e.keytab })
}

func (o *opener) reason(s sealed) (r Opened) {
	owner, has := s.owner, o.keys.has()
	var sameKVNO []string // etypes of entries for the principal and kvno
	var fits, guess *keyEntry
	var salts []string
	own := o.byName[lowerASCII(owner.principal())]
	for _, e := range own {
		if e.password {
			if e.etype() != s.etype {
				continue
			}
			if e.told {
				guess = e
			} else {
				salts = append(salts, fmt.Sprintf("%q", e.salt))
				if guess == nil {
					guess = e
				}
			}
			continue
		}
		if !e.anyKVNO {
			r.Has = append(r.Has, e.kvno)
		}
		if owner.hasKVNO(e) {
			sameKVNO = append(sameKVNO, etypeLabel(e.etype()))
			if e.etype() == s.etype && fits == nil {
				fits = e
			}
		}
	}
	slices.Sort(r.Has)
	r.Has = slices.Compact(r.Has)
	slices.Sort(sameKVNO)
	sameKVNO = slices.Compact(sameKVNO)
	switch {
	case fits != nil:
		r.Refusal = WrongSecret
		r.WhyNot = fmt.Sprintf("the keytab's %s is another key than the one the %s was made with", fits.label(), s.what)
		if !fits.keytab {
			r.WhyNot = fmt.Sprintf("the key given as %s is another one than the one the %s was made with", fits.label(), s.what)
		}
	case guess != nil && guess.told:
		r.Refusal = WrongSecret
		r.WhyNot = fmt.Sprintf("the password given for %s does not make the key that the %s was made with", owner.principal(), s.what)
		if !saltless(s.etype) {
			r.WhyNot += fmt.Sprintf(" (etype %s, the salt %q as the KDC tells)", etypeLabel(s.etype), guess.salt)
		}
	case o.costly[lowerASCII(owner.principal())] > 0:
		r.Refusal = CannotDecrypt
		r.WhyNot = fmt.Sprintf("the KDC asks for %d iterations to make the key of %s, more than are made here (%d)", o.costly[lowerASCII(owner.principal())], owner.principal(), maxIterations)
	case guess != nil:
		r.Refusal = SaltUnknown
		r.WhyNot = fmt.Sprintf("the password given for %s does not open the %s with the usual salts (%s); the capture does not tell which salt the KDC uses", owner.principal(), s.what, strings.Join(salts, ", "))
	case len(sameKVNO) > 0:
		r.Refusal = NoEType
		r.WhyNot = fmt.Sprintf("%s no %s key for %s%s (but %s)", has, etypeLabel(s.etype), owner.principal(), owner.kvnoText(), strings.Join(sameKVNO, ", "))
	case len(r.Has) > 0:
		r.Refusal = NoKVNO
		r.WhyNot = fmt.Sprintf("%s no entry for %s%s (but %s)", has, owner.principal(), owner.kvnoText(), owner.ages(r.Has))
	default:
		r.Refusal = NoPrincipal
		r.WhyNot = fmt.Sprintf("%s no entry for %s%s", has, owner.principal(), o.nearest(owner))
	}
	return r
}

func (s service) kvnoText() string {
	if !s.kvno.OK {
		return ""
	}
	return fmt.Sprintf(" kvno %d", s.kvno.V)
}

// ages names kvnos and how far they are from the ticket's.
func (s service) ages(kvnos []uint32) string {
	var list []string
	for i, n := range kvnos {
		if i == 8 {
			list = append(list, fmt.Sprintf("%d more", len(kvnos)-i))
			break
		}
		switch {
		case !s.kvno.OK:
			list = append(list, fmt.Sprintf("kvno %d", n))
		case n < s.kvno.V:
			list = append(list, fmt.Sprintf("kvno %d, older by %d", n, s.kvno.V-n))
		default:
			list = append(list, fmt.Sprintf("kvno %d, newer by %d", n, n-s.kvno.V))
		}
	}
	return strings.Join(list, "; ")
}

// nearest names up to three principals of the keys that are most like the
// service: the same name in another realm, the same host in short or long
// form, its machine account.
func (o *opener) nearest(s service) string {
	type candidate struct {
		principal string
		likeness  int
	}
	var list []candidate
	_, host := split(lowerASCII(s.name))
	near := o.byHost[short(host)]
	for _, e := range near[:min(len(near), 256)] {
		if d := likeness(s.name, e.name); d > 0 {
			list = append(list, candidate{e.principal(), d})
		}
	}
	slices.SortStableFunc(list, func(a, b candidate) int { return b.likeness - a.likeness })
	var names []string
	for _, c := range list {
		if !slices.Contains(names, c.principal) {
			names = append(names, c.principal)
		}
		if len(names) == 3 {
			break
		}
	}
	k := o.keys
	switch {
	case len(names) > 0:
		return "; nearest: " + strings.Join(names, ", ")
	case len(k.entries) == 1:
		return fmt.Sprintf(" (but one for %s)", k.entries[0].principal())
	case len(k.entries) > 0:
		return fmt.Sprintf(" (but %d for others, as %s)", len(k.entries), k.entries[0].principal())
	case len(k.passwords) > 0:
		return fmt.Sprintf(" (but a password of %s@%s)", k.passwords[0].name, k.passwords[0].realm)
	}
	return ": there are none at all"
}

// likeness counts what two principal names have in common, 0 for nothing.
func likeness(a, b string) int {
	a, b = lowerASCII(a), lowerASCII(b)
	if a == b {
		return 8
	}
	serviceA, hostA := split(a)
	serviceB, hostB := split(b)
	n := 0
	if shortA, shortB := short(hostA), short(hostB); shortA != "" && shortA == shortB {
		n += 4
		if hostA == hostB {
			n++
		}
	}
	if n > 0 && serviceA != "" && serviceA == serviceB {
		n += 2
	}
	return n
}

// split tells the service class from the host: "" and the account's name for
// a machine account.
func split(name string) (class, host string) {
	class, rest, ok := strings.Cut(name, "/")
	if !ok {
		return "", strings.TrimSuffix(name, "$")
	}
	host, _, _ = strings.Cut(rest, "/")
	return class, host
}

func short(host string) string {
	host, _, _ = strings.Cut(host, ".")
	return host
}
