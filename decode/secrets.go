package decode

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"kerbscope/decode/krb5"
)

// Limits on password and key files.
const (
	maxPasswords   = 1000
	maxSecretsFile = 1 << 20 // bytes
)

// A password is a principal's password.
type password struct {
	name, realm string
	reveal      func() string
}

// A LineError is a line of a password or key file that is not as it should be.
// It says nothing of what stands there.
type LineError struct {
	Line int
	What string
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.What) }

// ReadPasswords reads a file with a principal and its password on each line:
// "alice@CONTOSO.COM pass word". The password is what follows the first white
// space, to the end of the line; empty lines and lines that begin with # are
// passed over. When a line is wrong, keys holds the others beside the error.
func ReadPasswords(path string) (*Keys, error) {
	return readSecrets(path, func(k *Keys, line string) error {
		i := strings.IndexAny(line, " \t")
		if i < 0 {
			return errors.New("it is PRINCIPAL PASSWORD")
		}
		return k.AddPassword(line[:i], strings.TrimLeft(line[i:], " \t"))
	})
}

// AddPassword adds the password of a principal ("alice@CONTOSO.COM"). Not
// while k is in use.
func (k *Keys) AddPassword(principal, secret string) error {
	name, realm, err := splitPrincipal(principal)
	switch {
	case err != nil:
		return err
	case secret == "":
		return errors.New("the password is empty")
	case !utf8.ValidString(secret):
		return errors.New("the password is not UTF-8")
	case len(k.passwords) == maxPasswords:
		return fmt.Errorf("more than %d passwords", maxPasswords)
	}
	k.passwords = append(k.passwords, password{name, realm, func() string { return secret }})
	return nil
}

// ReadKeyFile reads a file with a key on each line: "principal etype [kvno]
// hexkey", the etype by name or number. Without a kvno the key fits any. Empty
// lines and lines that begin with # are passed over. When a line is wrong, keys holds
// the others beside the error.
func ReadKeyFile(path string) (*Keys, error) {
	return readSecrets(path, func(k *Keys, line string) error {
		f := strings.Fields(line)
		if len(f) != 3 && len(f) != 4 {
			return errors.New("it is PRINCIPAL ETYPE [KVNO] HEXKEY")
		}
		name, realm, err := splitPrincipal(f[0])
		if err != nil {
			return err
		}
		etype, ok := etypeOf(f[1])
		if !ok {
			return errors.New("no such etype")
		}
		e := keyEntry{name: name, realm: realm, anyKVNO: true}
		if len(f) == 4 {
			n, err := strconv.ParseUint(f[2], 10, 32)
			if err != nil {
				return errors.New("the kvno is no number")
			}
			e.kvno, e.anyKVNO = uint32(n), false
		}
		secret, err := hex.DecodeString(f[len(f)-1])
		if err != nil {
			return errors.New("the key is not hexadecimal")
		}
		if n := keyBytes(etype); n != 0 && len(secret) != n {
			return fmt.Errorf("a key of %s has %d bytes, this one %d", etypeLabel(etype), n, len(secret))
		}
		if len(k.entries) == maxKeytabEntries {
			return fmt.Errorf("more than %d keys", maxKeytabEntries)
		}
		e.key = krb5.NewEncryptionKey(etype, secret)
		k.entries = append(k.entries, e)
		return nil
	})
}

func readSecrets(path string, take func(*Keys, string) error) (*Keys, error) {
	keys := new(Keys)
	f, err := os.Open(path)
	if err != nil {
		return keys, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSecretsFile+1))
	if err != nil {
		return keys, err
	}
	if len(b) > maxSecretsFile {
		return keys, fmt.Errorf("%s: larger than any such file (%d bytes)", path, maxSecretsFile)
	}
	var first error
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")) // as Windows editors begin a file
	for i, line := range strings.Split(string(b), "\n") {
		line = strings.TrimLeft(strings.TrimSuffix(line, "\r"), " \t")
		if line == "" || line[0] == '#' {
			continue
		}
		if err := take(keys, line); err != nil && first == nil {
			first = fmt.Errorf("%s: %w", path, &LineError{i + 1, err.Error()})
		}
	}
	return keys, first
}

// splitPrincipal tells name from realm at the last @ that is not escaped.
func splitPrincipal(s string) (name, realm string, err error) {
	i := strings.LastIndexByte(s, '@')
	if i <= 0 || i == len(s)-1 || s[i-1] == '\\' {
		return "", "", errors.New("the principal has no realm: NAME@REALM")
	}
	return strings.ReplaceAll(s[:i], `\@`, "@"), s[i+1:], nil
}

// etypeAliases are short names of etypes, as krb5.conf and ktpass have them.
var etypeAliases = map[string]int32{"aes256-cts": aes256, "aes256": aes256, "aes128-cts": aes128, "aes128": aes128,
	"aes128-sha2": aes128Sha, "aes256-sha2": aes256Sha, "rc4": rc4Hmac, "arcfour-hmac": rc4Hmac, "arcfour-hmac-md5": rc4Hmac, "des3-cbc-sha1": des3SHA1}

func etypeOf(s string) (int32, bool) {
	if n, err := strconv.ParseInt(s, 10, 32); err == nil {
		return int32(n), true
	}
	s = strings.ToLower(s)
	if n, ok := etypeAliases[s]; ok {
		return n, true
	}
	for n := int32(1); n <= 26; n++ {
		if krb5.EtypeName(n) == s {
			return n, true
		}
	}
	return 0, false
}

// keyBytes is the length of a key, 0 for etypes that are not known here.
func keyBytes(etype int32) int {
	switch etype {
	case desCRC, desMD5:
		return 8
	case des3SHA1:
		return 24
	case aes128, aes128Sha, rc4Hmac, rc4Exp:
		return 16
	case aes256, aes256Sha:
		return 32
	}
	return 0
}
