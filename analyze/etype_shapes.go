package analyze

import (
	"slices"

	"kerbscope/decode"
)

// A shape is what a request list looks like.
type shape uint8

const (
	shapeOther       shape = iota
	shapeWindows2003       // Windows 2000, XP, Server 2003: no AES in the system
	shapeWindows           // Windows Vista and later without AES: a policy or registry value
	shapeTool              // a single etype, or RC4 with 3DES and DES behind it: a forced list, or a program's own
)

// listShape tells what a list without AES looks like. Windows 2000 to 2003
// send -133 and -128 ([MS-KILE] §3.3.5 product note on etypes); later systems
// with AES switched off send 23, 24, -135 at most.
func listShape(list []int32) shape {
	switch {
	case hasEtype(list, 23) && hasEtype(list, -133) && hasEtype(list, -128):
		return shapeWindows2003
	case hasEtype(list, 23) && hasEtype(list, -135):
		return shapeWindows
	case len(list) == 1, len(list) >= 3 && slices.Equal(list[:3], []int32{23, 16, 3}):
		return shapeTool
	}
	return shapeOther
}

// A maker is whose list a request list looks like. Unknown is an answer: a
// list that several programs send by default or that anybody may write into
// krb5.conf names nobody.
type maker struct {
	Name       string // "unknown": no list that is known
	Confidence Confidence
}

const singleEtype = "a forced list, or a program that asks for one etype at a time"

var unknownMaker = maker{Name: "unknown"}

// defaults are whole lists, in order, that one maker sends out of the box.
var defaults = []struct {
	list []int32
	is   maker
}{
	// Seen in captures of Windows 7 to Server 2022: the AS-REQ has DES behind, the TGS-REQ has not.
	{[]int32{18, 17, 23, 24, -135, 3}, maker{"Windows 7 to Server 2022, defaults", Likely}},
	{[]int32{18, 17, 23, 24, -135}, maker{"Windows 7 to Server 2022, defaults", Likely}},
	// Pass-the-key programs imitate this one.
	{[]int32{18, 23, -133, -128, 24, -135}, maker{"Windows, from the keys of a logon session", Possible}},
	{[]int32{23, -133, -128, 3, 1, 24, -135}, maker{"Windows 2000 to Server 2003, defaults", Likely}},
	// MIT krb5 src/lib/krb5/krb/init_ctx.c; without 3DES or RC4 where they are not allowed.
	{[]int32{18, 17, 20, 19, 16, 23, 25, 26}, maker{"MIT krb5, defaults", Likely}},
	{[]int32{18, 17, 20, 19, 23, 25, 26}, maker{"MIT krb5, defaults", Likely}},
	{[]int32{18, 17, 20, 19, 25, 26}, maker{"MIT krb5, defaults", Likely}},
	// Heimdal lib/krb5/context.c, and with allow_weak_crypto.
	{[]int32{18, 17, 20, 19, 16, 23}, maker{"Heimdal, defaults", Likely}},
	{[]int32{18, 17, 20, 19, 16, 5, 23, 3, 2, 1}, maker{"Heimdal, weak etypes allowed", Likely}},
	// OpenJDK EType.java: RC4 and 3DES are off unless allow_weak_crypto is set.
	{[]int32{18, 17, 20, 19}, maker{"Java 17 or later, defaults", Possible}},
	{[]int32{18, 17, 20, 19, 16, 23, 1, 3}, maker{"Java, weak etypes allowed", Likely}},
	// gokrb5 config/krb5conf.go.
	{[]int32{18, 17, 16, 23, 26, 25}, maker{"gokrb5, defaults", Likely}},
	{[]int32{18, 17, 16, 23, 26, 25, 1, 3, 2}, maker{"gokrb5, weak etypes allowed", Likely}},
}

// impacket's options in AS-REQ and TGS-REQ (RFC 4120 §5.4.1): forwardable,
// proxiable, renewable; and forwardable, renewable, canonicalize, renewable-ok.
const (
	impacketAS  = 0x50800000
	impacketTGS = 0x40810010
)

// listMaker tells whose list a request has.
func listMaker(r *Record) maker {
	list, options := r.Req.Etypes, r.Req.KDCOptions
	if len(list) == 0 {
		return maker{}
	}
	for _, d := range defaults {
		if slices.Equal(list, d.list) {
			return d.is
		}
	}
	switch {
	case loneForwarded(r) && list[0] == 18 && r.Req.SupportedEnc != nil:
		return maker{"Windows, a request for a forwarded TGT", Likely}
	case r.Kind == decode.TGS && options == impacketTGS && len(list) == 4 && slices.Equal(list[:3], []int32{23, 16, 3}):
		return maker{"impacket", Likely}
	case r.Kind == decode.AS && options == impacketAS && len(list) == 1:
		return maker{"impacket", Possible}
	case len(list) == 1:
		return maker{singleEtype, Possible}
	case listShape(list) == shapeWindows2003 && !hasAES(list):
		return maker{"Windows 2000 to Server 2003", Possible}
	case hasEtype(list, -135) && !hasAES(list):
		return maker{"Windows with AES left out by policy or registry", Likely}
	case hasEtype(list, -135) && weakFirst(list):
		return maker{"Windows with RC4 put first (DefaultEncryptionType)", Possible}
	case sameEtypes(list, []int32{18, 17, 20, 19, 16, 23, 25, 26}):
		return maker{"MIT krb5, its defaults in another order: krb5.conf, or the keys of a keytab first", Likely}
	}
	return unknownMaker
}

// sameEtypes tells two lists that differ in nothing but the order.
func sameEtypes(a, b []int32) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// looksLike is a sentence on whose lists the requests of rows have; empty when
// that is not known, or they are not all alike.
func looksLike(rows []*Row) string {
	var first maker
	for i, row := range rows {
		m := listMaker(row.Record())
		if i == 0 {
			first = m
		}
		if m != first {
			return ""
		}
	}
	switch {
	case first.Name == "" || first == unknownMaker || first.Name == singleEtype: // the rules' own words say that
		return ""
	case first.Confidence == Possible:
		return " Its shape may be that of " + first.Name + "."
	}
	return " Its shape is that of " + first.Name + "."
}
