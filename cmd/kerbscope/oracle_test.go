package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTsharkOracle: tshark and decode see the same Kerberos messages in every
// capture of the corpus: type, etypes, names, kvnos and error code at the same
// frame number.
func TestTsharkOracle(t *testing.T) {
	needTool(t, "tshark")
	for _, path := range corpusCaptures(t) {
		t.Run(caseName(path), func(t *testing.T) {
			t.Parallel()
			theirs := tsharkMessages(t, path)
			ours, hidden := ourMessages(t, path)
			var missing []string
			for _, m := range theirs {
				if i := slices.Index(ours, m); i >= 0 {
					ours = slices.Delete(ours, i, i+1)
				} else if i := slices.Index(hidden, m); i >= 0 {
					hidden = slices.Delete(hidden, i, i+1)
				} else if oracleWrong(m) == "" {
					missing = append(missing, m)
				}
			}
			assert.Empty(t, missing, "messages that tshark shows and decode does not")
			assert.Empty(t, ours, "messages that decode shows and tshark does not")
		})
	}
}

// notDissected are the carriers in which tshark 4.0 shows no Kerberos, so that
// messages of ours in them have no counterpart: it does not follow AUTH GSSAPI
// and X-EXPS lines of SMTP, nor Kerberos on ports that are not registered.
var notDissected = []string{"smtp", "raw"}

// oracleWrong lists what tshark shows and decode rightly does not, each with
// who is right and why. Rows are matched by their text.
func oracleWrong(message string) string {
	for _, row := range []struct{ contains, why string }{} {
		if strings.Contains(message, row.contains) {
			return row.why
		}
	}
	return ""
}

// ourMessages is one line for each message of a capture; hidden are those in
// carriers that tshark does not look into.
func ourMessages(t *testing.T, path string) (lines, hidden []string) {
	var out, errs bytes.Buffer
	require.Equal(t, exitOK, run([]string{"decode", "--format", "ndjson", path}, nil, &out, &errs), errs.String())
	for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		if line == "" {
			continue
		}
		var r row
		require.NoError(t, json.Unmarshal([]byte(line), &r))
		if r.MsgType == "" {
			continue
		}
		m := canonical(&r)
		if slices.Contains(notDissected, r.Carrier[0]) {
			hidden = append(hidden, m)
		} else {
			lines = append(lines, m)
		}
	}
	return lines, hidden
}

// canonical is what is compared of a message.
func canonical(r *row) string {
	var b strings.Builder
	fmt.Fprintf(&b, "frame %d %s", r.Frame, r.MsgType)
	if len(r.Etypes) > 0 {
		fmt.Fprintf(&b, " etypes %s", numbers(r.Etypes))
	}
	if r.ErrorCode != nil {
		fmt.Fprintf(&b, " error %d", *r.ErrorCode)
	}
	for _, f := range []struct{ name, value string }{{"cname", r.CName}, {"crealm", r.CRealm}, {"sname", r.SName}, {"realm", r.Realm}} {
		if f.value != "" {
			fmt.Fprintf(&b, " %s %s", f.name, f.value)
		}
	}
	if r.Ticket != nil {
		fmt.Fprintf(&b, " ticket(%s %s%s)", r.Ticket.Realm, r.Ticket.SName, encNumbers(r.Ticket.Etype, r.Ticket.KVNO))
	}
	if r.AuthenticatorEtype != nil {
		fmt.Fprintf(&b, " authenticator%s", encNumbers(r.AuthenticatorEtype, r.AuthenticatorKVNO))
	}
	if r.EncPart != nil {
		fmt.Fprintf(&b, " enc-part%s", encNumbers(r.EncPart.Etype, r.EncPart.KVNO))
	}
	if r.PreauthEtype != nil {
		fmt.Fprintf(&b, " preauth %d", *r.PreauthEtype)
	}
	return b.String()
}

func encNumbers(e *int32, kvno *uint32) string {
	var s string
	if e != nil {
		s += fmt.Sprintf(" etype %d", *e)
	}
	if kvno != nil {
		s += fmt.Sprintf(" kvno %d", *kvno)
	}
	return s
}

// A pdml is one element of tshark's packet tree.
type pdml struct {
	Name string `xml:"name,attr"`
	Show string `xml:"show,attr"`
	In   []pdml `xml:",any"`
}

// pdmlTypes are the elements that are a message of their own.
var pdmlTypes = map[string]string{
	"kerberos.as_req_element": "AS-REQ", "kerberos.as_rep_element": "AS-REP", "kerberos.tgs_req_element": "TGS-REQ", "kerberos.tgs_rep_element": "TGS-REP",
	"kerberos.ap_req_element": "AP-REQ", "kerberos.ap_rep_element": "AP-REP", "kerberos.krb_error_element": "KRB-ERROR", "kerberos.krb_priv_element": "KRB-PRIV",
	"kerberos.krb_safe_element": "KRB-SAFE", "kerberos.krb_cred_element": "KRB-CRED",
}

// tsharkMessages is one line for each message that tshark shows.
func tsharkMessages(t *testing.T, path string) []string {
	cmd := exec.Command("tshark", "-r", path, "-T", "pdml", "-Y", "kerberos")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	require.NoError(t, err, errs.String())
	var doc struct {
		Packets []pdml `xml:"packet"`
	}
	require.NoError(t, xml.Unmarshal(out, &doc))
	var lines []string
	for _, p := range doc.Packets {
		frame, err := strconv.ParseUint(p.find("frame.number").Show, 10, 64)
		require.NoError(t, err)
		p.messages(func(typ string, m *pdml) {
			r := m.row()
			r.Frame, r.MsgType = frame, typ
			lines = append(lines, canonical(r))
		})
	}
	return lines
}

// messages calls yield for every outermost message.
func (p *pdml) messages(yield func(string, *pdml)) {
	for i := range p.In {
		if typ := pdmlTypes[p.In[i].Name]; typ != "" {
			yield(typ, &p.In[i])
		} else {
			p.In[i].messages(yield)
		}
	}
}

// row is what is compared of a message, read from tshark's tree.
func (p *pdml) row() *row {
	r := &row{}
	body := p
	if b := p.child("kerberos.req_body_element"); b != nil {
		body = b
		for _, e := range b.child("kerberos.kdc-req-body.etype").children() {
			r.Etypes = append(r.Etypes, *e.int32())
		}
	}
	r.ErrorCode = p.child("kerberos.error_code").int32()
	r.CName, r.CRealm = body.child("kerberos.cname_element").strings("kerberos.CNameString"), body.child("kerberos.crealm").text()
	r.SName, r.Realm = body.child("kerberos.sname_element").strings("kerberos.SNameString"), body.child("kerberos.realm").text()
	ap := p
	for _, pa := range p.child("kerberos.padata").children() {
		if q := pa.find("kerberos.ap_req_element"); q != nil && q.Name != "" && pa.child("kerberos.padata_type").text() == "1" {
			ap = q
		}
		if typ := pa.child("kerberos.padata_type"); typ.text() == "2" || typ.text() == "138" {
			r.PreauthEtype = typ.child("kerberos.padata_value").child("kerberos.etype").int32()
		}
	}
	r.Ticket = ap.child("kerberos.ticket_element").ticket()
	if a := ap.child("kerberos.authenticator_element"); a != nil {
		r.AuthenticatorEtype, r.AuthenticatorKVNO = a.child("kerberos.etype").int32(), a.child("kerberos.kvno").uint32()
	}
	for _, name := range []string{"kerberos.enc_part_element", "kerberos.kDC-REP_enc_part_element", "kerberos.kDC_REP_enc_part_element", "kerberos.aP-REP_enc_part_element",
		"kerberos.aP_REP_enc_part_element", "kerberos.kRB-PRIV_enc_part_element", "kerberos.kRB_PRIV_enc_part_element", "kerberos.priv_enc_part_element"} {
		if e := p.child(name); e != nil {
			r.EncPart = &rowEncs{Etype: e.child("kerberos.etype").int32(), KVNO: e.child("kerberos.kvno").uint32()}
		}
	}
	return r
}

func (p *pdml) ticket() *rowTicket {
	if p == nil {
		return nil
	}
	e := p.child("kerberos.enc_part_element")
	if e == nil {
		e = p.child("kerberos.ticket_enc_part_element")
	}
	return &rowTicket{Realm: p.child("kerberos.realm").text(), SName: p.child("kerberos.sname_element").strings("kerberos.SNameString"),
		Etype: e.child("kerberos.etype").int32(), KVNO: e.child("kerberos.kvno").uint32()}
}

func (p *pdml) children() []pdml {
	if p == nil {
		return nil
	}
	return p.In
}

// child is the first direct child of that name.
func (p *pdml) child(name string) *pdml {
	for i := range p.children() {
		if p.In[i].Name == name {
			return &p.In[i]
		}
	}
	return nil
}

// find is the first element of that name, however deep; an empty one for none.
func (p *pdml) find(name string) *pdml {
	for i := range p.In {
		if p.In[i].Name == name {
			return &p.In[i]
		}
		if f := p.In[i].find(name); f.Name != "" {
			return f
		}
	}
	return &pdml{}
}

func (p *pdml) text() string {
	if p == nil {
		return ""
	}
	return p.Show
}

func (p *pdml) int32() *int32 {
	n, err := strconv.ParseInt(p.text(), 0, 64)
	if err != nil {
		return nil
	}
	v := int32(n)
	return &v
}

func (p *pdml) uint32() *uint32 {
	n, err := strconv.ParseInt(p.text(), 0, 64)
	if err != nil {
		return nil
	}
	v := uint32(n)
	return &v
}

// strings joins the components of a name as decode does.
func (p *pdml) strings(name string) string {
	var parts []string
	for _, list := range p.children() {
		for _, s := range list.children() {
			if s.Name == name {
				parts = append(parts, strings.ReplaceAll(strings.ReplaceAll(s.Show, `\`, `\\`), "/", `\/`))
			}
		}
	}
	return strings.Join(parts, "/")
}

// needTool skips a test for want of a tool; in CI that is a failure.
func needTool(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("KERBSCOPE_CI") != "" {
			t.Fatalf("%s is not installed", name)
		}
		t.Skipf("%s is not installed", name)
	}
}

// corpusCaptures lists every capture of the corpus.
func corpusCaptures(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, dir := range corpusCases(t, corpusRoot) {
		list = append(list, capturesIn(t, dir)...)
	}
	require.NotEmpty(t, list)
	return list
}

func caseName(path string) string {
	return filepath.Base(filepath.Dir(path)) + "/" + filepath.Base(path)
}
