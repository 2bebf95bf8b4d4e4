package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
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
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTsharkOracle: tshark and decode see the same Kerberos messages in every
// capture of the corpus, at the same frame number, time and Community ID: type,
// options, etypes, names and their types, kvnos, padata, tickets and the hash of
// each, error code, text and times.
func TestTsharkOracle(t *testing.T) {
	needTool(t, "tshark")
	for _, path := range corpusCaptures(t) {
		t.Run(caseName(path), func(t *testing.T) {
			t.Parallel()
			theirs := tsharkMessages(t, path)
			ours := ourMessages(t, path)
			var missing []string
			for _, m := range theirs {
				i := slices.IndexFunc(ours, func(o ourMessage) bool { return o.text == m })
				if i < 0 {
					i = slices.IndexFunc(ours, func(o ourMessage) bool { return o.cut && strings.HasPrefix(m, o.key) })
				}
				if i >= 0 {
					ours = slices.Delete(ours, i, i+1)
				} else {
					missing = append(missing, m)
				}
			}
			assert.Empty(t, missing, "messages that tshark shows and decode does not")
			var more []string
			for _, o := range ours {
				if o.why == "" {
					more = append(more, o.text)
				}
			}
			assert.Empty(t, more, "messages that decode shows and tshark does not")
		})
	}
}

// oursAlone lists what decode shows and tshark 4.0 does not, with the reason
// why decode is right.
var oursAlone = []struct {
	is  func(*row) bool
	why string
}{
	{func(r *row) bool { return r.Carrier[0] == "smtp" }, "tshark does not look into AUTH GSSAPI and X-EXPS lines of SMTP"},
	{func(r *row) bool { return r.Carrier[0] == "raw" }, "tshark looks for Kerberos on registered ports only; the bytes are a Kerberos message from first to last"},
	{func(r *row) bool { return r.Carrier[0] == "dcerpc" && r.MsgType == "KRB-ERROR" },
		"tshark shows the auth trailer of a bind_ack with auth_type 16 undissected when the GSS token holds a KRB-ERROR (token id 03 00, RFC 4121 section 4.1)"},
	{func(r *row) bool { return r.Carrier[0] == "tds" && r.MsgType != "AP-REQ" }, "tshark calls a packet malformed that holds an SSPI token of the server (0xED, [MS-TDS] section 2.2.7.22)"},
	{cutShort, "a message that the snap length cut: tshark shows those at a KDC, with what is whole of them, and none in a carrier; decode tells the type and what is there"},
}

// cutShort tells a message of which the capture holds the start only. Its
// fields are not compared: where tshark shows half a name, decode shows none,
// since half a name is another name.
func cutShort(r *row) bool {
	return slices.ContainsFunc(r.Anomalies, func(a rowAnomaly) bool { return strings.HasPrefix(a.What, "truncated: ") })
}

// An ourMessage is a message that decode shows.
type ourMessage struct {
	text string
	key  string // the beginning of text: frame and type
	cut  bool
	why  string // why tshark need not show it; "" when it must
}

func ourMessages(t *testing.T, path string) (list []ourMessage) {
	for _, line := range strings.Split(strings.TrimSpace(runOK(t, "decode", "--format", "ndjson", path)), "\n") {
		if line == "" {
			continue
		}
		var r row
		require.NoError(t, json.Unmarshal([]byte(line), &r))
		if r.MsgType == "" {
			continue
		}
		o := ourMessage{text: canonical(&r), key: fmt.Sprintf("frame %d %s", r.Frame, r.MsgType), cut: cutShort(&r)}
		for _, a := range oursAlone {
			if a.is(&r) {
				o.why = a.why
			}
		}
		list = append(list, o)
	}
	return list
}

// canonical is what is compared of a message.
func canonical(r *row) string {
	var b strings.Builder
	fmt.Fprintf(&b, "frame %d %s", r.Frame, r.MsgType)
	if len(r.KDCOptions)+len(r.APOptions) > 0 {
		fmt.Fprintf(&b, " options %s", strings.Join(slices.Concat(r.KDCOptions, r.APOptions), ","))
	}
	if len(r.Etypes) > 0 {
		fmt.Fprintf(&b, " etypes %s", numbers(r.Etypes))
	}
	if r.ErrorCode != nil {
		fmt.Fprintf(&b, " error %d", *r.ErrorCode)
	}
	for _, f := range []struct{ name, value string }{{"cname", r.CName}, {"crealm", r.CRealm}, {"sname", r.SName}, {"realm", r.Realm},
		{"from", r.From}, {"till", r.Till}, {"rtime", r.RTime}, {"stime", r.STime}, {"ctime", r.CTime}, {"e-text", r.EText}} {
		if f.value != "" {
			fmt.Fprintf(&b, " %s %s", f.name, f.value)
		}
	}
	for _, n := range []*int32{r.CNameType, r.SNameType} {
		if n != nil {
			fmt.Fprintf(&b, " name-type %d", *n)
		}
	}
	if r.Nonce != nil {
		fmt.Fprintf(&b, " nonce %d", *r.Nonce)
	}
	writePAData(&b, r.PAData)
	// tshark looks into the e-data of some error codes only; 25 is one.
	if r.EData != nil && r.ErrorCode != nil && *r.ErrorCode == 25 {
		b.WriteString(" e-data")
		writePAData(&b, r.EData.MethodData)
	}
	if r.Ticket != nil {
		fmt.Fprintf(&b, " ticket(%s)", canonicalTicket(r.Ticket))
	}
	for i := range r.Tickets {
		fmt.Fprintf(&b, " additional(%s)", canonicalTicket(&r.Tickets[i]))
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
	at, _ := time.Parse(time.RFC3339Nano, r.Time)
	fmt.Fprintf(&b, " at %d %s", at.UnixNano(), r.CommunityID)
	return b.String()
}

func canonicalTicket(k *rowTicket) string {
	return k.Realm + " " + k.SName + encNumbers(k.Etype, k.KVNO) + " " + k.Hash
}

// writePAData lists the types in order, and the keys that ETYPE-INFO2 tells of.
func writePAData(b *strings.Builder, list []rowPAData) {
	for _, pa := range list {
		fmt.Fprintf(b, " pa %d", pa.Type)
		for _, i := range pa.EtypeInfo2 {
			fmt.Fprintf(b, "[%d %q]", i.Etype, i.Salt)
		}
	}
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
	Name     string `xml:"name,attr"`
	ShowName string `xml:"showname,attr"`
	Show     string `xml:"show,attr"`
	Value    string `xml:"value,attr"` // the bytes in hex
	In       []pdml `xml:",any"`
}

// pdmlTypes are the elements that are a message of their own.
var pdmlTypes = map[string]string{
	"kerberos.as_req_element": "AS-REQ", "kerberos.as_rep_element": "AS-REP", "kerberos.tgs_req_element": "TGS-REQ", "kerberos.tgs_rep_element": "TGS-REP",
	"kerberos.ap_req_element": "AP-REQ", "kerberos.ap_rep_element": "AP-REP", "kerberos.krb_error_element": "KRB-ERROR", "kerberos.krb_priv_element": "KRB-PRIV",
	"kerberos.krb_safe_element": "KRB-SAFE", "kerberos.krb_cred_element": "KRB-CRED",
}

// tsharkMessages is one line for each message that tshark shows.
func tsharkMessages(t *testing.T, path string) []string {
	cmd := exec.Command("tshark", "--enable-protocol", "communityid", "-o", "rpc.dissect_unknown_programs:TRUE", "-r", path, "-T", "pdml", "-Y", "kerberos")
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
		if p.hasProto("icmp") || p.hasProto("icmpv6") {
			continue // an ICMP error quotes a message of another frame; tshark dissects the quotation
		}
		p.messages(func(typ string, m *pdml) {
			r := m.row()
			r.Frame, r.MsgType, r.CommunityID = frame, typ, p.find("communityid").Show
			r.Time = p.find("frame.time_epoch").epoch()
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
	r.CNameType, r.SNameType = body.child("kerberos.cname_element").child("kerberos.name_type").int32(), body.child("kerberos.sname_element").child("kerberos.name_type").int32()
	r.KDCOptions, r.Nonce = body.child("kerberos.kdc_options").bits(), body.child("kerberos.nonce").uint32()
	r.From, r.Till, r.RTime = body.time("from", ""), body.time("till", ""), body.time("rtime", "")
	r.STime, r.CTime, r.EText = p.time("stime", "susec"), p.time("ctime", "cusec"), p.child("kerberos.e_text").text()
	r.PAData = p.child("kerberos.padata").padata()
	if d := p.child("kerberos.e_data"); d != nil {
		r.EData = &rowEData{MethodData: d.padata()}
	}
	for _, k := range body.child("kerberos.additional_tickets").children() {
		r.Tickets = append(r.Tickets, *k.ticket())
	}
	ap := p
	for _, pa := range p.child("kerberos.padata").children() {
		if q := pa.find("kerberos.ap_req_element"); q != nil && q.Name != "" && pa.child("kerberos.padata_type").text() == "1" {
			ap = q
		}
		if typ := pa.child("kerberos.padata_type"); typ.text() == "2" || typ.text() == "138" {
			r.PreauthEtype = typ.child("kerberos.padata_value").child("kerberos.etype").int32()
		}
	}
	r.Ticket, r.APOptions = ap.child("kerberos.ticket_element").ticket(), ap.child("kerberos.ap_options").bits()
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
	k := &rowTicket{Realm: p.child("kerberos.realm").text(), SName: p.child("kerberos.sname_element").strings("kerberos.SNameString"),
		Etype: e.child("kerberos.etype").int32(), KVNO: e.child("kerberos.kvno").uint32()}
	if c := e.child("kerberos.cipher"); c != nil {
		cipher, _ := hex.DecodeString(c.Value)
		k.Hash = fmt.Sprintf("%x", sha256.Sum256(cipher))
	}
	return k
}

// bits are the names of the bits that are set.
func (p *pdml) bits() (names []string) {
	for _, bit := range p.children() {
		if _, name, ok := strings.Cut(bit.ShowName, " = "); ok && bit.Show == "1" {
			names = append(names, strings.Split(name, ":")[0])
		}
	}
	return names
}

// padata is a list of PA-DATA, and the entries of an ETYPE-INFO2 in it.
func (p *pdml) padata() (list []rowPAData) {
	for _, pa := range p.children() {
		typ := pa.child("kerberos.padata_type")
		if typ == nil {
			continue
		}
		d := rowPAData{Type: *typ.int32()}
		for _, e := range typ.child("kerberos.padata_value").children() {
			if e.Name == "kerberos.ETYPE_INFO2_ENTRY_element" {
				d.EtypeInfo2 = append(d.EtypeInfo2, rowEtypeInfo{Etype: *e.child("kerberos.etype").int32(), Salt: e.child("kerberos.info2_salt").plain()})
			}
		}
		list = append(list, d)
	}
	return list
}

// time is a KerberosTime of that name with its microseconds, as decode writes it.
func (p *pdml) time(name, micro string) string {
	at, err := time.Parse("20060102150405Z", p.child("kerberos."+name).plain())
	if err != nil {
		return ""
	}
	if us := p.child("kerberos." + micro).uint32(); us != nil {
		return at.Add(time.Duration(*us) * time.Microsecond).Format("2006-01-02T15:04:05.000000Z")
	}
	return at.Format("2006-01-02T15:04:05Z")
}

// epoch is a time in seconds and nanoseconds as RFC 3339.
func (p *pdml) epoch() string {
	seconds, nano, _ := strings.Cut(p.Show, ".")
	s, _ := strconv.ParseInt(seconds, 10, 64)
	ns, _ := strconv.ParseInt(nano, 10, 64)
	return time.Unix(s, ns).UTC().Format(time.RFC3339Nano)
}

// plain is the element's bytes as text.
func (p *pdml) plain() string {
	if p == nil {
		return ""
	}
	b, _ := hex.DecodeString(p.Value)
	return string(b)
}

func (p *pdml) hasProto(name string) bool {
	return slices.ContainsFunc(p.In, func(e pdml) bool { return e.Name == name })
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

// corpusCaptures lists every capture of the corpus, and of KERBSCOPE_CORPUS.
func corpusCaptures(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, root := range corpusRoots() {
		for _, dir := range corpusCases(t, root) {
			list = append(list, capturesIn(t, dir)...)
		}
	}
	require.NotEmpty(t, list)
	return list
}

func caseName(path string) string {
	return filepath.Base(filepath.Dir(path)) + "/" + filepath.Base(path)
}
