package decode

import (
	"crypto/cipher"
	"slices"

	"kerbscope/decode/krb5"
)

// Limits on what one capture may cost when keys are given. To look at the first
// blocks of a cipher with one key costs 1, to decrypt it costs 32 and more: some 200 ns each.
const (
	triesByName  = 1 << 23 // with keys that bear the principal's name
	triesOthers  = 1 << 22 // with the other keys
	maxOpened    = 4096    // tickets whose opening is remembered
	maxLearnt    = 1 << 14 // tickets whose session key is known from the client's side
	maxOpenFlows = 1 << 12 // conversations whose keys are remembered
	maxWhy       = 1 << 12 // reasons that are remembered
)

// An opener opens what the messages of one capture hold with the keys given
// and those it learns on the way, in frame order. It belongs to one Decoder: what a
// capture tells opens nothing in another one that is read at the same time.
type opener struct {
	keys *Keys

	byName  map[string][]*keyEntry // by principal in lower case
	byHost  map[string][]*keyEntry // by short host name in lower case
	byEType map[int32][]*keyEntry  // one for each secret
	secrets map[string]int         // number of each secret
	tried   []uint32               // by number of the secret: the try in which it was tried last
	try     uint32
	first   map[blockID]func() cipher.Block // in closures, as keys are

	salts      map[string][]saltOf // by principal in lower case, as the KDC told
	costly     map[string]uint64   // iterations that a KDC asks for and that are too many
	asked      map[madeOf]bool
	derived    map[madeFrom]*keyEntry
	iterations uint64 // left
	generation int    // of salts: what did not open before is tried again

	tickets  *lru[ticketKey, *ticketAnswer]
	learnt   *lru[cipherKey, learntKey]
	flows    *lru[flowKey, *flowKeys]
	why      *lru[whyKey, Opened]
	named    int // tries left with keys of the principal's name
	others   int // and with other keys
	limit    func(name string)
	lastGood *keyEntry // opened the last ticket
}

// newOpener makes an opener; nil when there is nothing to open with. limit
// counts what a named limit cost.
func newOpener(keys *Keys, limit func(string)) *opener {
	if keys == nil {
		return nil
	}
	o := &opener{
		keys: keys, limit: limit, byName: map[string][]*keyEntry{}, byHost: map[string][]*keyEntry{}, byEType: map[int32][]*keyEntry{},
		secrets: map[string]int{}, first: map[blockID]func() cipher.Block{}, salts: map[string][]saltOf{}, costly: map[string]uint64{}, asked: map[madeOf]bool{},
		derived: map[madeFrom]*keyEntry{}, iterations: iterationsEach, named: triesByName, others: triesOthers,
		tickets: newLRU[ticketKey, *ticketAnswer](maxOpened), learnt: newLRU[cipherKey, learntKey](maxLearnt),
		flows: newLRU[flowKey, *flowKeys](maxOpenFlows), why: newLRU[whyKey, Opened](maxWhy),
	}
	for i := range keys.entries {
		e := keys.entries[i] // its own copy: numbers of secrets are this opener's
		o.index(&e)
	}
	return o
}

// index makes a key one of those that are tried.
func (o *opener) index(e *keyEntry) {
	id := string(e.key.Secret()) + "/" + etypeLabel(e.etype())
	n, known := o.secrets[id]
	if !known {
		n = len(o.secrets)
		o.secrets[id] = n
		o.tried = append(o.tried, 0)
	}
	e.secret = n
	name := lowerASCII(e.principal())
	o.byName[name] = append(o.byName[name], e)
	if _, host := split(lowerASCII(e.name)); short(host) != "" {
		o.byHost[short(host)] = append(o.byHost[short(host)], e)
	}
	if !known {
		o.byEType[e.etype()] = append(o.byEType[e.etype()], e)
	}
}

// A sealed is a cipher that was made with the long-term key of a principal.
type sealed struct {
	what  string // "ticket", "enc-part", …
	owner service
	etype int32
	data  []byte
	usage uint32
	// through makes of the long-term key the one that the cipher was made with;
	// nil: it is the same.
	through func(krb5.EncryptionKey) (krb5.EncryptionKey, bool)
	begins  string                  // bytes that the plaintext may begin with
	reads   func(plain []byte) bool // whether plain is what it should be
}

// unseal tries the keys of the owner's name, those that fit best first, then
// all other keys of the etype. e is the key that opens s; nil: none does, and all
// says that all were tried.
func (o *opener) unseal(s sealed) (e *keyEntry, tried int, all bool) {
	id := lowerASCII(s.owner.principal())
	o.try++
	if s.through == nil {
		o.makeKeys(id, s.etype)
	} else {
		for _, etype := range passwordETypes {
			o.makeKeys(id, etype)
		}
	}
	attempt := func(e *keyEntry, left *int) bool {
		if o.tried[e.secret] == o.try {
			return false
		}
		if *left <= 0 {
			all = false
			return false
		}
		*left--
		o.tried[e.secret] = o.try
		tried++
		key := e.key
		if s.through == nil {
			if block := o.firstBlocks(e, s.usage); block != nil && !beginsWith(block, s.data, s.begins) {
				return false
			}
		} else {
			*left -= 256
			var ok bool
			if key, ok = s.through(key); !ok || key.EType.V != s.etype {
				return false
			}
		}
		*left -= 32 + len(s.data)/64
		plain, ok := decrypt(key, s.data, s.usage)
		return ok && s.reads(plain)
	}
	all = true
	own := o.byName[id]
	o.named -= len(own) / 16 // sorting them costs too
	for _, fit := range s.owner.fits(own) {
		if (s.through != nil || fit.etype() == s.etype) && attempt(fit, &o.named) {
			return fit, tried, true
		}
	}
	if s.through != nil {
		if !all {
			o.limit("tries of keys")
		}
		return nil, tried, all
	}
	o.makeKeys("", s.etype)
	if g := o.lastGood; g != nil && g.etype() == s.etype && attempt(g, &o.named) {
		return o.labelled(s.owner, g), tried, true
	}
	for _, e := range o.byEType[s.etype] {
		if attempt(e, &o.others) {
			e = o.labelled(s.owner, e)
			o.lastGood = e
			return e, tried, true
		}
	}
	if !all {
		o.limit("tries of keys")
	}
	return nil, tried, all
}

// A blockID names the cipher of a secret and a key usage.
type blockID struct {
	secret int
	usage  uint32
}

// firstBlocks is the cipher that tells a wrong key quickly; nil for none.
func (o *opener) firstBlocks(e *keyEntry, usage uint32) cipher.Block {
	id := blockID{e.secret, usage}
	if get, ok := o.first[id]; ok {
		return get()
	}
	block := firstBlocks(e.key, usage)
	o.first[id] = func() cipher.Block { return block }
	return block
}

// labelled is, of the entries with e's secret, the one that fits best: with
// the kvno, else the first.
func (o *opener) labelled(s service, e *keyEntry) *keyEntry {
	if s.hasKVNO(e) {
		return e
	}
	for i := range o.keys.entries {
		other := &o.keys.entries[i]
		if other.etype() == e.etype() && s.hasKVNO(other) && string(other.key.Secret()) == string(e.key.Secret()) {
			return other
		}
	}
	return e
}

// fits sorts the entries of a name, those first whose labels fit best.
func (s service) fits(own []*keyEntry) []*keyEntry {
	if len(own) < 2 {
		return own
	}
	misfit := func(e *keyEntry) (n int) {
		if s.name != e.name || s.realm != e.realm {
			n++ // in other case: before one of another kvno
		}
		if !s.hasKVNO(e) {
			n += 2
		}
		if e.password {
			n += 4
			if !e.told {
				n++
			}
		}
		return n
	}
	own = slices.Clone(own)
	slices.SortStableFunc(own, func(a, b *keyEntry) int { return misfit(a) - misfit(b) })
	return own
}
