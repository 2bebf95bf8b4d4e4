package decode

import (
	"strings"
	"sync"

	"kerbscope/decode/krb5"
)

// Limits on making keys of passwords.
const (
	maxIterations  = 1 << 20 // of one key; MIT krb5 and Windows use 4096, RFC 8009 32768
	iterationsEach = 1 << 22 // of all keys of one capture: some seconds
	maxSalts       = 16      // of one principal that a capture tells
	maxMade        = 1 << 14 // keys that are remembered
)

// passwordETypes are the etypes that keys are made of passwords for.
var passwordETypes = []int32{aes256, aes128, aes256Sha, aes128Sha, rc4Hmac, des3SHA1}

// A saltOf is what a KDC told of how a principal's key is made: ETYPE-INFO2.
type saltOf struct {
	etype      int32
	salt       string
	iterations uint32 // 0: the default
}

// A keyCache remembers keys made of passwords, which is slow on purpose. What
// it gives depends on its question alone, so captures can share it.
type keyCache struct {
	mu   sync.Mutex
	keys map[madeFrom][]byte
}

type madeFrom struct {
	password int // index in Keys.passwords
	saltOf
}

func (k *Keys) make(from madeFrom) []byte {
	k.made.mu.Lock()
	secret, ok := k.made.keys[from]
	k.made.mu.Unlock()
	if ok {
		return secret
	}
	secret = stringToKey(from.etype, k.passwords[from.password].reveal(), from.salt, from.iterations)
	k.made.mu.Lock()
	defer k.made.mu.Unlock()
	if k.made.keys == nil {
		k.made.keys = map[madeFrom][]byte{}
	}
	if len(k.made.keys) < maxMade {
		k.made.keys[from] = secret
	}
	return secret
}

// saltless says that keys of an etype are made of the password alone.
func saltless(etype int32) bool { return etype == rc4Hmac }

// iterationsOf is how often a key of etype is hashed.
func iterationsOf(s saltOf) uint64 {
	switch {
	case s.etype == rc4Hmac || s.etype == des3SHA1:
		return 1
	case s.iterations != 0:
		return uint64(s.iterations)
	case s.etype == aes128Sha || s.etype == aes256Sha:
		return 32768 // RFC 8009 §4
	}
	return 4096 // RFC 3962 §4
}

// usualSalts are the salts that a KDC uses when nothing else was agreed: of
// Active Directory, [MS-KILE] §3.1.1.2, where a computer's is made of its host
// name and a user's of its account name; and RFC 4120 §4, all components.
func usualSalts(name, realm string) []string {
	var list []string
	add := func(s string) {
		for _, have := range list {
			if have == s {
				return
			}
		}
		list = append(list, s)
	}
	upper := strings.ToUpper(realm)
	parts := components(name)
	if account, ok := strings.CutSuffix(name, "$"); ok && len(parts) == 1 {
		add(upper + "host" + strings.ToLower(account) + "." + strings.ToLower(realm))
	}
	add(upper + strings.Join(parts, ""))
	add(realm + strings.Join(parts, ""))
	return list
}

// components are those of a name as krb5.PrincipalName.String joins them.
func components(name string) []string {
	var list []string
	var part strings.Builder
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c == '\\' && i+1 < len(name):
			i++
			part.WriteByte(name[i])
		case c == '/':
			list = append(list, part.String())
			part.Reset()
		default:
			part.WriteByte(c)
		}
	}
	return append(list, part.String())
}

// learnSalts takes what a KDC tells of a principal's keys. Keys made of the
// principal's password with them are tried from then on.
func (o *opener) learnSalts(name, realm string, list []krb5.PAData) {
	if len(o.keys.passwords) == 0 || name == "" {
		return
	}
	id := lowerASCII(name + "@" + realm)
	mine := false
	for i := range o.keys.passwords {
		p := &o.keys.passwords[i]
		mine = mine || lowerASCII(p.name+"@"+p.realm) == id
	}
	if !mine {
		return
	}
	for _, pa := range list {
		if pa.Type != krb5.PAETypeInfo2 && pa.Type != krb5.PAETypeInfo {
			continue
		}
		for _, i := range pa.Decode().ETypeInfo {
			if i.Salt == nil && i.S2KParams == nil || saltless(i.EType.V) {
				continue
			}
			s := saltOf{etype: i.EType.V, salt: string(i.Salt)}
			if i.Salt == nil {
				s.salt = usualSalts(name, realm)[0]
			}
			if n := i.Iterations(); n.OK {
				if s.iterations = n.V; n.V == 0 { // 2^32, RFC 3962 §4
					s.iterations = 1<<32 - 1
				}
			}
			have := o.salts[id]
			if len(have) >= maxSalts || contains(have, s) {
				continue
			}
			o.salts[id] = append(have, s)
			o.asked = map[madeOf]bool{} // those that were made are not made again
			o.generation++
		}
	}
}

func contains(list []saltOf, s saltOf) bool {
	for _, have := range list {
		if have == s {
			return true
		}
	}
	return false
}

// A madeOf says for which password and etype keys were made.
type madeOf struct {
	password int
	etype    int32
}

// makeKeys makes the keys of an etype of those passwords whose principal is id
// in lower case, or of all when id is "".
func (o *opener) makeKeys(id string, etype int32) {
	for n := range o.keys.passwords {
		p := &o.keys.passwords[n]
		mine := lowerASCII(p.name + "@" + p.realm)
		if id != "" && mine != id || o.asked[madeOf{n, etype}] {
			continue
		}
		o.asked[madeOf{n, etype}] = true
		told := o.salts[mine]
		for _, s := range told {
			if s.etype == etype {
				o.makeKey(n, s, true)
			}
		}
		for _, salt := range usualSalts(p.name, p.realm) {
			if saltless(etype) {
				salt = ""
			}
			o.makeKey(n, saltOf{etype: etype, salt: salt}, saltless(etype))
		}
	}
}

// makeKey makes one key of a password, unless it was made or costs too much.
func (o *opener) makeKey(n int, s saltOf, told bool) {
	from := madeFrom{n, s}
	if e := o.derived[from]; e != nil {
		e.told = e.told || told
		return
	}
	p := &o.keys.passwords[n]
	cost := iterationsOf(s)
	switch {
	case cost > maxIterations:
		o.costly[lowerASCII(p.name+"@"+p.realm)] = cost
		o.limit("iterations of a password's key")
		return
	case cost > o.iterations:
		o.limit("iterations of all passwords' keys")
		return
	}
	o.iterations -= cost
	secret := o.keys.make(from)
	if secret == nil {
		return
	}
	e := &keyEntry{name: p.name, realm: p.realm, anyKVNO: true, password: true, salt: s.salt, told: told, key: krb5.NewEncryptionKey(s.etype, secret)}
	o.derived[from] = e
	o.index(e)
}

// lowerASCII folds ASCII letters, as names are compared here.
func lowerASCII(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= 'A' && c <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if c := b[i]; c >= 'A' && c <= 'Z' {
					b[i] = c + 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}
