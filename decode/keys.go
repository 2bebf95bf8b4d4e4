package decode

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"kerbscope/decode/krb5"
)

// Limits on keytabs.
const (
	maxKeytab        = 16 << 20 // bytes of a file
	maxKeytabEntries = 100_000  // of all files together
)

// Keys are the keys of keytabs and key files, and passwords to make keys of.
// They cannot be printed, logged or encoded: the secrets are kept in closures.
// Safe for concurrent use once read.
type Keys struct {
	entries   []keyEntry
	passwords []password
	made      keyCache
}

// A keyEntry is one entry of a keytab or key file, or a key made of a password.
type keyEntry struct {
	name    string // components joined as in krb5.PrincipalName.String
	realm   string
	kvno    uint32
	short   bool // only the low 8 bits of the kvno are in the keytab
	keytab  bool // of a keytab
	anyKVNO bool // it is not known of which kvno the key is
	key     krb5.EncryptionKey

	password bool   // made of a password
	salt     string // that it was made with; RC4 has none
	told     bool   // the KDC told that salt, or the etype needs none

	secret int // number of the secret among those of an opener: one key often has many names
}

func (e *keyEntry) principal() string { return e.name + "@" + e.realm }

func (e *keyEntry) etype() int32 { return e.key.EType.V }

// hasKVNO says whether e is labelled with kvno, which a keytab of the old form
// tells only in its low 8 bits.
func (e *keyEntry) hasKVNO(kvno uint32) bool {
	return e.anyKVNO || e.kvno == kvno || e.short && e.kvno == kvno&0xff
}

// label is "principal kvno etype"; "password" stands for the kvno of a key
// made of one, "-" for one that the key file does not give.
func (e *keyEntry) label() string {
	kvno := strconv.FormatUint(uint64(e.kvno), 10)
	switch {
	case e.password:
		kvno = "password"
	case e.anyKVNO:
		kvno = "-"
	}
	return e.principal() + " " + kvno + " " + etypeLabel(e.etype())
}

func etypeLabel(etype int32) string {
	if name := krb5.EtypeName(etype); name != "" {
		return name
	}
	return strconv.Itoa(int(etype))
}

// ReadKeytab reads a keytab file, of version 1 or 2, both byte orders. When
// only a part can be read, keys holds that part beside the error. No error holds
// bytes of the file.
func ReadKeytab(path string) (keys *Keys, err error) {
	keys = new(Keys)
	f, err := os.Open(path)
	if err != nil {
		return keys, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxKeytab+1))
	if err != nil {
		return keys, err
	}
	if len(b) > maxKeytab {
		return keys, fmt.Errorf("%s: larger than any keytab (%d bytes)", path, maxKeytab)
	}
	keys.entries, err = parseKeytab(b)
	if err != nil {
		return keys, fmt.Errorf("%s: %w", path, err)
	}
	return keys, nil
}

// Add takes over the keys and passwords of another. Not while either is in use.
func (k *Keys) Add(other *Keys) {
	if other == nil {
		return
	}
	room := maxKeytabEntries - len(k.entries)
	k.entries = append(k.entries, other.entries[:min(room, len(other.entries))]...)
	room = maxPasswords - len(k.passwords)
	k.passwords = append(k.passwords, other.passwords[:min(room, len(other.passwords))]...)
}

// Len is the number of keys and passwords.
func (k *Keys) Len() int {
	if k == nil {
		return 0
	}
	return len(k.entries) + len(k.passwords)
}

var errNoKeytab = errors.New("not a keytab: it does not begin with 05 01 or 05 02")

// parseKeytab reads the format that MIT krb5 documents as keytab_file_format:
// a version, then records of a 32-bit length; a negative length is a hole.
func parseKeytab(b []byte) ([]keyEntry, error) {
	if len(b) < 2 || b[0] != 5 || b[1] != 1 && b[1] != 2 {
		return nil, errNoKeytab
	}
	if b[1] == 2 {
		return keytabRecords(b, binary.BigEndian)
	}
	// Version 1 has the byte order of the machine that wrote it.
	little, err := keytabRecords(b, binary.LittleEndian)
	if err == nil {
		return little, nil
	}
	big, bigErr := keytabRecords(b, binary.BigEndian)
	if bigErr == nil || len(big) > len(little) {
		return big, bigErr
	}
	return little, err
}

func keytabRecords(b []byte, order binary.ByteOrder) (list []keyEntry, err error) {
	for at := 2; len(b)-at >= 4; {
		n := int64(int32(order.Uint32(b[at:])))
		at += 4
		switch {
		case n == 0:
			return list, nil // the rest of the file was never written
		case n < 0: // deleted
			if -n > int64(len(b)-at) {
				return list, fmt.Errorf("the hole at byte %d runs past the end of the file", at-4)
			}
			at += int(-n)
			continue
		case n > int64(len(b)-at):
			return list, fmt.Errorf("the entry at byte %d runs past the end of the file", at-4)
		case len(list) == maxKeytabEntries:
			return list, fmt.Errorf("more than %d entries", maxKeytabEntries)
		}
		e, ok := keytabEntry(b[at:at+int(n)], b[1], order)
		if !ok {
			return list, fmt.Errorf("the entry at byte %d is not whole", at-4)
		}
		list = append(list, e)
		at += int(n)
	}
	return list, nil
}

// keytabEntry reads one record.
func keytabEntry(b []byte, version byte, order binary.ByteOrder) (e keyEntry, ok bool) {
	ok = true
	take := func(n int) []byte {
		if n > len(b) {
			ok, b = false, nil
			return make([]byte, 4)
		}
		v := b[:n:n]
		b = b[n:]
		return v
	}
	u16 := func() int { return int(order.Uint16(take(2))) }
	counted := func() []byte {
		n := u16()
		if n > len(b) {
			ok = false
			return nil
		}
		return take(n)
	}
	components := u16()
	if version == 1 {
		components-- // counts the realm too
	}
	e.realm = string(counted())
	var name strings.Builder
	for i := 0; i < components && ok; i++ {
		if i > 0 {
			name.WriteByte('/')
		}
		for _, c := range counted() {
			if c == '/' || c == '\\' {
				name.WriteByte('\\')
			}
			name.WriteByte(c)
		}
	}
	e.name = name.String()
	if version != 1 {
		take(4) // name type
	}
	take(4) // time of writing
	e.kvno, e.short, e.keytab = uint32(take(1)[0]), true, true
	etype := int32(int16(u16()))
	e.key = krb5.NewEncryptionKey(etype, counted())
	if len(b) >= 4 {
		if kvno := order.Uint32(b); kvno != 0 {
			e.kvno, e.short = kvno, false
		}
	}
	return e, ok && components >= 0
}
