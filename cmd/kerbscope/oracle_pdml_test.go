package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

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

// tsharkMessages are the messages that tshark shows.
func tsharkMessages(t *testing.T, path string) (list []oracleMessage) {
	tsharkEach(t, path, func(r *row) { list = append(list, oracleOf(r)) })
	return list
}

// tsharkEach calls yield with every message that tshark shows.
func tsharkEach(t *testing.T, path string, yield func(*row)) {
	cmd := exec.Command("tshark", "--enable-protocol", "communityid", "-r", forTshark(t, path), "-T", "pdml", "-Y", "kerberos")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	require.NoError(t, err, errs.String())
	var doc struct {
		Packets []pdml `xml:"packet"`
	}
	require.NoError(t, xml.Unmarshal(out, &doc))
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
			yield(r)
		})
	}
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
	r.SUSec, r.CUSec = p.child("kerberos.susec").int32(), p.child("kerberos.cusec").int32()
	r.Addresses = body.child("kerberos.addresses").addresses()
	r.EncAuthData = body.child("kerberos.enc_authorization_data_element").encs()
	r.PAData = p.child("kerberos.padata").padata()
	if d := p.child("kerberos.e_data"); len(d.children()) > 0 {
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
			r.EncPart = e.encs()
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
	k := &rowTicket{TktVNO: p.child("kerberos.tkt_vno").int32(), Realm: p.child("kerberos.realm").text(), SName: p.child("kerberos.sname_element").strings("kerberos.SNameString"),
		SNameType: p.child("kerberos.sname_element").child("kerberos.name_type").int32(), Etype: e.child("kerberos.etype").int32(), KVNO: e.child("kerberos.kvno").uint32()}
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

// encs is an EncryptedData.
func (p *pdml) encs() *rowEncs {
	if p == nil || p.child("kerberos.etype") == nil {
		return nil
	}
	return &rowEncs{Etype: p.child("kerberos.etype").int32(), KVNO: p.child("kerberos.kvno").uint32(), CipherLength: len(p.child("kerberos.cipher").plain())}
}

func (p *pdml) addresses() (list []rowAddress) {
	for _, h := range p.children() {
		typ := h.child("kerberos.addr_type")
		if typ == nil {
			continue
		}
		a := rowAddress{Type: typ.int32()}
		for _, name := range []string{"kerberos.addr_ip", "kerberos.addr_ipv6"} {
			if e := h.find(name); e.Name != "" {
				a.Address = e.Show
			}
		}
		if e := h.find("kerberos.addr_nb"); e.Name != "" {
			a.Address = strings.TrimRight(strings.TrimSuffix(e.Show, "<20>"), " ")
		}
		list = append(list, a)
	}
	return list
}

// padata is a list of PA-DATA and what is compared of their values.
func (p *pdml) padata() (list []rowPAData) {
	for _, pa := range p.children() {
		typ := pa.child("kerberos.padata_type")
		if typ == nil {
			continue
		}
		v := typ.child("kerberos.padata_value")
		d := rowPAData{Type: *typ.int32(), Enc: v.encs()}
		for _, e := range v.children() {
			switch e.Name {
			case "kerberos.ETYPE_INFO2_ENTRY_element":
				d.EtypeInfo2 = append(d.EtypeInfo2, rowEtypeInfo{Etype: *e.child("kerberos.etype").int32(), Salt: e.child("kerberos.info2_salt").plain(), S2KParams: e.child("kerberos.s2kparams").hex()})
			case "kerberos.ETYPE_INFO_ENTRY_element":
				d.EtypeInfo = append(d.EtypeInfo, rowEtypeInfo{Etype: *e.child("kerberos.etype").int32(), Salt: e.child("kerberos.info_salt").plain()})
			}
		}
		if e := v.child("kerberos.include_pac"); e != nil {
			yes := e.Show == "1" || e.Show == "True"
			d.PAPACRequest = &yes
		}
		switch d.Type {
		case 167:
			d.PACOptions = v.child("kerberos.flags").bits()
		case 129:
			d.ForUser = &rowForUser{CName: v.child("kerberos.name_element").strings("kerberos.KerberosString"), CRealm: v.child("kerberos.realm").text(),
				AuthPackage: v.child("kerberos.auth").text(), Cksumtype: v.child("kerberos.cksum_element").child("kerberos.cksumtype").int32()}
		case 136:
			d.FAST = v.child("kerberos.armored_data_element").fast()
		}
		list = append(list, d)
	}
	return list
}

// fast is what is in clear of FAST armor.
func (p *pdml) fast() *rowFAST {
	if p == nil {
		return nil
	}
	f := &rowFAST{Enc: p.child("kerberos.enc_fast_req_element").encs(), ArmorType: p.child("kerberos.armor_element").child("kerberos.armor_type").int32()}
	if e := p.child("kerberos.enc_fast_rep_element"); e != nil {
		f.Enc = e.encs()
	}
	if q := p.child("kerberos.armor_element").find("kerberos.ap_req_element"); q.Name != "" {
		f.ArmorTicket = q.child("kerberos.ticket_element").ticket()
		f.AuthenticatorEtype = q.child("kerberos.authenticator_element").child("kerberos.etype").int32()
	}
	return f
}

// hex is the element's bytes as hexadecimal digits.
func (p *pdml) hex() string {
	if p == nil {
		return ""
	}
	return p.Value
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
	for i := range p.children() {
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
