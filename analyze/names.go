package analyze

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"kerbscope/decode/krb5"
)

// at joins a name and a realm; "" without a name.
func at(name, realm string) string {
	if name == "" || realm == "" {
		return name
	}
	return name + "@" + realm
}

// splitPrincipal parts name@realm at the last "@": enterprise names hold one
// of their own.
func splitPrincipal(p string) (name, realm string) {
	if i := strings.LastIndexByte(p, '@'); i >= 0 {
		return p[:i], p[i+1:]
	}
	return p, ""
}

// components parts a name at its unescaped "/", and takes the escapes out.
func components(name string) []string {
	if strings.IndexByte(name, '\\') < 0 {
		return strings.Split(name, "/")
	}
	var list []string
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c == '\\' && i+1 < len(name):
			i++
			b.WriteByte(name[i])
		case c == '/':
			list = append(list, b.String())
			b.Reset()
		default:
			b.WriteByte(c)
		}
	}
	return append(list, b.String())
}

// lower folds ASCII case, as AD compares names. Names are identified by it and
// printed as first seen.
func lower(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= 'A' && c <= 'Z' {
			return asciiLower(s)
		}
	}
	return s
}

func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// samePrincipal compares two principals or names, ASCII case aside.
func samePrincipal(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if a[i] != b[i] && fold(a[i]) != fold(b[i]) {
			return false
		}
	}
	return true
}

func fold(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// isTGT tells a ticket-granting service: krbtgt/REALM.
func isTGT(principal string) bool {
	const tgs = "krbtgt/"
	return len(principal) >= len(tgs) && samePrincipal(principal[:len(tgs)], tgs)
}

// isReferral tells a cross-realm TGT: krbtgt/OTHER@REALM.
func isReferral(principal string) bool {
	name, realm := splitPrincipal(principal)
	c := components(name)
	return len(c) == 2 && lower(c[0]) == "krbtgt" && realm != "" && lower(c[1]) != lower(realm)
}

// spnClass is the service class of service/host, lower case; "" for a name of
// one component.
func spnClass(principal string) string {
	name, _ := splitPrincipal(principal)
	if c := components(name); len(c) > 1 {
		return lower(c[0])
	}
	return ""
}

// spnHost is the host of service/host[:port][/…], lower case; "" when there is
// none, and for krbtgt and the two names that every realm's kadmind has
// (RFC 3244 §2, kadmin/changepw; MIT's kadmin/admin).
func spnHost(principal string) string {
	name, _ := splitPrincipal(principal)
	c := components(name)
	if len(c) < 2 || lower(c[0]) == "krbtgt" {
		return ""
	}
	h := lower(c[1])
	if lower(c[0]) == "kadmin" && (h == "admin" || h == "changepw") {
		return ""
	}
	if i := strings.LastIndexByte(h, ':'); i >= 0 && strings.Count(h, ":") == 1 {
		h = h[:i]
	}
	return strings.TrimSuffix(h, ".")
}

// spnPort is the port of service/host:port (SQL Server: or its instance's name), "": none.
func spnPort(principal string) string {
	name, _ := splitPrincipal(principal)
	if c := components(name); len(c) > 1 && strings.Count(c[1], ":") == 1 {
		return lower(c[1][strings.IndexByte(c[1], ':')+1:])
	}
	return ""
}

// isComputer tells a principal that is a machine: NAME$ or host/….
func isComputer(principal string) bool {
	name, _ := splitPrincipal(principal)
	return strings.HasSuffix(name, "$") || strings.HasPrefix(lower(name), "host/")
}

// shortName is the first label of a host name.
func shortName(host string) string {
	if i := strings.IndexByte(host, '.'); i > 0 {
		return host[:i]
	}
	return host
}

// isAES tells the AES etypes: 17, 18 (RFC 3962), 19, 20 (RFC 8009).
func isAES(e int32) bool { return e >= 17 && e <= 20 }

// isRC4 tells RC4 and its family (RFC 4757, and Microsoft's negative numbers).
func isRC4(e int32) bool {
	switch e {
	case 23, 24, -128, -133, -135:
		return true
	}
	return false
}

// isDES tells single DES (RFC 6649).
func isDES(e int32) bool { return e >= 1 && e <= 3 }

// isWeak tells RC4, DES and 3DES (RFC 8429). Camellia (25, 26) is strong;
// what an unknown number is worth is not known.
func isWeak(e int32) bool {
	switch e {
	case 5, 7, 16:
		return true
	}
	return isRC4(e) || isDES(e)
}

func hasEtype(list []int32, e int32) bool { return slices.Contains(list, e) }
func hasAES(list []int32) bool            { return slices.ContainsFunc(list, isAES) }

// etypeName is the registered name of an etype; "" when it has none.
func etypeName(e int32) string { return krb5.EtypeName(e) }

func etypeNames(list []int32) []string {
	if list == nil {
		return nil
	}
	names := make([]string, len(list))
	for i, e := range list {
		if names[i] = etypeName(e); names[i] == "" {
			names[i] = strconv.Itoa(int(e))
		}
	}
	return names
}

// errorName is the name of a KRB-ERROR code; "" when it has none.
func errorName(code int32) string { return krb5.ErrorName(code) }

// ntstatusName is the name of an NTSTATUS; "" when unknown.
func ntstatusName(s uint32) string { return krb5.NTStatusName(s) }

// etypeText is an etype as people read it: "rc4-hmac (23)".
func etypeText(e int32) string {
	if n := etypeName(e); n != "" {
		return fmt.Sprintf("%s (%d)", n, e)
	}
	return fmt.Sprintf("etype %d", e)
}

// codeText is a KRB-ERROR code as people read it: "KDC_ERR_PREAUTH_REQUIRED (25)".
func codeText(code int32) string {
	if n := errorName(code); n != "" {
		return fmt.Sprintf("%s (%d)", n, code)
	}
	return fmt.Sprintf("error %d", code)
}

// kvnoText is a kvno as people read it; an RODC's number stands in the upper half
// ([MS-KILE] §3.1.5.8).
func kvnoText(k *uint32) string {
	switch {
	case k == nil:
		return "no kvno"
	case *k>>16 != 0:
		return fmt.Sprintf("kvno %d of RODC %d", *k&0xffff, *k>>16)
	}
	return fmt.Sprintf("kvno %d", *k)
}

// stamp is a time as RFC 3339 in UTC, with as many places as it has, to
// microseconds or nanoseconds.
func stamp(ns int64) string {
	if ns == noTime {
		return ""
	}
	t := time.Unix(0, ns).UTC()
	if ns%1000 == 0 {
		return t.Format("2006-01-02T15:04:05.000000Z")
	}
	return t.Format("2006-01-02T15:04:05.000000000Z")
}

// stampPlaces is stamp with the precision of the capture.
func stampPlaces(ns int64, digits int) string {
	if ns == noTime {
		return ""
	}
	digits = min(max(digits, 0), 9)
	layout := "2006-01-02T15:04:05"
	if digits > 0 {
		layout += "." + strings.Repeat("0", digits)
	}
	return time.Unix(0, ns).UTC().Format(layout + "Z")
}

// noTime is the time of what has none (capture.NoTime).
const noTime = int64(-1 << 63)

// seconds is a duration as people read it.
func seconds(ns int64) string {
	s := float64(ns) / 1e9
	switch a := max(s, -s); {
	case a >= 100:
		return fmt.Sprintf("%.0f s", s)
	case a >= 1:
		return fmt.Sprintf("%.1f s", s)
	}
	return fmt.Sprintf("%.0f ms", s*1000)
}
