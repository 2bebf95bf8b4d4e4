package main

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// treeIndent is the indentation of a level of decode -V, as in tshark's.
const treeIndent = "    "

// treeLabels are the fields that RFC 4120 spells otherwise than the JSON with
// its "_" as "-", or that another word tells better; "parent.field" before "field".
var treeLabels = map[string]string{
	"community_id": "Community ID", "sport": "source port", "dport": "destination port", "src": "source", "dst": "destination",
	"carrier_result": "word of the carrier", "ntlm": "NTLM", "crealm": "crealm", "cname_type": "cname name-type", "sname_type": "sname name-type",
	"etypes": "etype", "preauth_etype": "etype of preauthentication", "authenticator_etype": "authenticator etype", "authenticator_kvno": "authenticator kvno",
	"kvno_rodc": "number of the RODC", "cipher_length": "length of cipher", "hash": "SHA-256 of cipher", "padata.length": "length of padata-value", "method_data.length": "length of padata-value", "typed_data.length": "length of data-value",
	"pk_as_req": "PA-PK-AS-REQ", "pk_as_rep": "PA-PK-AS-REP",
	"offset": "byte", "what": "what", "e_data": "e-data", "method_data": "METHOD-DATA", "typed_data": "TYPED-DATA", "kerb_error_data": "KERB-ERROR-DATA",
	"pa_pac_request": "include-pac", "pac_options": "PA-PAC-OPTIONS", "for_user": "PA-FOR-USER", "s4u_x509_user": "PA-S4U-X509-USER", "etype_info": "ETYPE-INFO", "etype_info2": "ETYPE-INFO2",
	"supported_enctypes": "PA-SUPPORTED-ENCTYPES", "safe_body": "KRB-SAFE-BODY", "ntstatus": "NTSTATUS", "fx_error": "PA-FX-ERROR", "fast": "FAST", "spake": "SPAKE",
	"pac": "PAC", "why_not": "not opened, because", "own_why_not": "keys of its own name do not fit, because", "key": "key",
	"padata.type": "padata-type", "method_data.type": "padata-type", "typed_data.type": "data-type", "kerb_error_data.type": "data-type",
	"addresses.type": "addr-type", "s_address.type": "addr-type", "r_address.type": "addr-type", "opened.key": "opened with", "enc_part.key": "opened with",
}

// treeHex are the numbers that people know by their hexadecimal digits.
var treeHex = map[string]bool{"ntstatus": true, "supported_enctypes": true, "flags": true}

// treeHeads are the fields that, as the first, head an item of a list: they
// tell what the item is.
var treeHeads = map[string]bool{"type": true, "etype": true, "offset": true, "buffer": true}

// treeLabel names a field of the JSON in a tree.
func treeLabel(parent, name string) string {
	if l := treeLabels[parent+"."+name]; l != "" {
		return l
	}
	if l := treeLabels[name]; l != "" {
		return l
	}
	return strings.ReplaceAll(name, "_", "-")
}

// rowTree is a row with every field that its JSON has, one a line: the fields
// come from the row itself, so that none can be forgotten.
func rowTree(r *row, s screen) string {
	t := tree{}
	t.line(0, s.paint(styleBold, "Frame "+strconv.FormatUint(r.Frame, 10)), escape(r.Capture))
	fields := treeFields(reflect.ValueOf(r).Elem())
	message := 1 + slices.IndexFunc(fields, func(f treeField) bool { return f.name == "carrier" })
	t.fields(fields[1:message], "", 1) // without the schema, which is the JSON's
	what := r.MsgType
	switch {
	case what != "":
		what = "Kerberos " + what
	case r.NTLM != "":
		what = "NTLM " + r.NTLM
	default:
		what = "Without Kerberos"
	}
	style := styleBold
	if rowFailed(r) {
		style = styleRed
	}
	t.line(0, s.paint(style, what), "")
	t.fields(fields[message:], "", 1)
	return t.b.String()
}

type tree struct{ b strings.Builder }

// line writes "label: value"; the label alone where there is no value.
func (t *tree) line(depth int, label, value string) {
	for range depth {
		t.b.WriteString(treeIndent)
	}
	t.b.WriteString(label)
	if value != "" {
		t.b.WriteString(": ")
		t.b.WriteString(value)
	}
	t.b.WriteByte('\n')
}

// A treeField is a field that is there, and the names that its sibling
// x_name or x_names gives to its number or numbers.
type treeField struct {
	name  string
	value reflect.Value
	names reflect.Value
}

// treeFields lists the fields of a struct that encoding/json would write.
func treeFields(v reflect.Value) []treeField {
	var list []treeField
	at := map[string]int{}
	for i := range v.NumField() {
		field, f := v.Type().Field(i), v.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" && field.Anonymous && f.Kind() == reflect.Struct {
			list = append(list, treeFields(f)...)
			continue
		}
		if name == "-" || !field.IsExported() {
			continue
		}
		if name == "" {
			name = field.Name
		}
		if strings.Contains(options, "omitempty") && isEmpty(f) {
			continue
		}
		base, plural := strings.CutSuffix(name, "_names")
		if !plural {
			base, _ = strings.CutSuffix(name, "_name")
		}
		if j, ok := at[base]; ok && base != name {
			list[j].names = f
			continue
		}
		at[name] = len(list)
		list = append(list, treeField{name: name, value: f})
	}
	return list
}

// isEmpty is what encoding/json takes as empty.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

func (t *tree) fields(list []treeField, parent string, depth int) {
	for _, f := range list {
		t.field(f, parent, depth)
	}
}

func (t *tree) field(f treeField, parent string, depth int) {
	label, v := treeLabel(parent, f.name), f.value
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			t.line(depth, label, "null")
			return
		}
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Struct:
		t.line(depth, label, "")
		t.fields(treeFields(v), f.name, depth+1)
	case reflect.Slice:
		t.list(label, f, v, depth)
	default:
		t.line(depth, label, scalarText(f, v))
	}
}

// list writes strings and bare numbers on one line, numbers with names and
// structs one below the other.
func (t *tree) list(label string, f treeField, v reflect.Value, depth int) {
	items := v.Type().Elem()
	if items.Kind() == reflect.Pointer {
		items = items.Elem()
	}
	if items.Kind() == reflect.Struct {
		t.line(depth, label, plural(uint64(v.Len()), "item"))
		for i := range v.Len() {
			item := reflect.Indirect(v.Index(i))
			if !item.IsValid() {
				continue
			}
			fields := treeFields(item)
			if len(fields) > 0 && treeHeads[fields[0].name] {
				t.field(fields[0], f.name, depth+1)
				fields = fields[1:]
			} else {
				t.line(depth+1, strings.TrimSuffix(label, "s")+" "+strconv.Itoa(i+1), "")
			}
			t.fields(fields, f.name, depth+2)
		}
		return
	}
	named := f.names.IsValid() && f.names.Kind() == reflect.Slice && f.names.Len() == v.Len()
	if named {
		t.line(depth, label, plural(uint64(v.Len()), "item"))
	}
	var parts []string
	for i := range v.Len() {
		text := scalarText(treeField{name: f.name}, v.Index(i))
		if !named {
			parts = append(parts, text)
			continue
		}
		if name := escape(f.names.Index(i).String()); name != text {
			text = name + " (" + text + ")"
		}
		t.line(depth+1, text, "")
	}
	if !named {
		t.line(depth, label, strings.Join(parts, ", "))
	}
}

// scalarText is a value with the name or names that its sibling has for it.
func scalarText(f treeField, v reflect.Value) string {
	var text string
	switch {
	case v.Kind() == reflect.String:
		text = escape(v.String())
	case v.CanUint() && treeHex[f.name]:
		text = fmt.Sprintf("0x%08x", v.Uint())
	case v.CanUint():
		text = strconv.FormatUint(v.Uint(), 10)
	case v.CanInt() && f.name == "code" && v.Int() > 0xffff:
		text = fmt.Sprintf("0x%08x", v.Int()) // an NTSTATUS, as in the text
	case v.CanInt():
		text = strconv.FormatInt(v.Int(), 10)
	case v.CanFloat():
		text = strconv.FormatFloat(v.Float(), 'f', -1, 64)
	case v.Kind() == reflect.Bool:
		text = strconv.FormatBool(v.Bool())
	default:
		text = escape(fmt.Sprint(v.Interface()))
	}
	if !f.names.IsValid() {
		return text
	}
	if f.names.Kind() == reflect.String {
		return escape(f.names.String()) + " (" + text + ")"
	}
	var names []string
	for i := range f.names.Len() {
		names = append(names, escape(f.names.Index(i).String()))
	}
	return text + " (" + strings.Join(names, ", ") + ")"
}
