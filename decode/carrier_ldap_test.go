package decode

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func openLDAP(s wire) parser { return newLDAP(s) }

func ldapMsg(id byte, op []byte) string { return string(derTLV(0x30, []byte{2, 1, id}, op)) }

func saslBind(id byte, mech string, creds []byte) string {
	sasl := derTLV(0x04, []byte(mech))
	if creds != nil {
		sasl = append(sasl, derTLV(0x04, creds)...)
	}
	return ldapMsg(id, derTLV(0x60, []byte{2, 1, 3}, derTLV(0x04), derTLV(0xa3, sasl)))
}

func simpleBind(id byte, dn, password string) string {
	return ldapMsg(id, derTLV(0x60, []byte{2, 1, 3}, derTLV(0x04, []byte(dn)), derTLV(0x80, []byte(password))))
}

func bindResponse(id, code byte, matched []byte, message string, creds []byte) string {
	body := append([]byte{0x0a, 1, code}, derTLV(0x04, matched)...)
	body = append(body, derTLV(0x04, []byte(message))...)
	if creds != nil {
		body = append(body, derTLV(0x87, creds)...)
	}
	return ldapMsg(id, derTLV(0x61, body))
}

func searchRequest(id byte) string {
	return ldapMsg(id, derTLV(0x63, derTLV(0x04), []byte{0x0a, 1, 0, 0x0a, 1, 0, 2, 1, 0, 2, 1, 0, 1, 1, 0}, derTLV(0x87, []byte("objectClass")), derTLV(0x30)))
}

func entry(id byte, dn string, attrs ...[]byte) string {
	var list []byte
	for _, a := range attrs {
		list = append(list, a...)
	}
	return ldapMsg(id, derTLV(0x64, derTLV(0x04, []byte(dn)), derTLV(0x30, list)))
}

func attr(name string, values ...string) []byte {
	var set []byte
	for _, v := range values {
		set = append(set, derTLV(0x04, []byte(v))...)
	}
	return derTLV(0x30, derTLV(0x04, []byte(name)), derTLV(0x31, set))
}

const dataText = "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 52e, v3839\x00"

func TestLDAP(t *testing.T) {
	sealed := "\x00\x00\x00\x3c\x05\x04\x06\xff" + string(make([]byte, 56))
	kerberos := func(verb string, n int) string {
		return fmt.Sprintf(`C token kerberos key=0 verb=%q len=%d`, verb, n)
	}
	big := entry(9, "cn=big", attr("jpegPhoto", string(make([]byte, 60000))))
	success := `S accepted code=0x0 name="success" text="" key=0`
	for _, c := range []struct {
		name  string
		turns []turn
		want  []string
	}{
		{"GSSAPI with a security layer", []turn{
			fromClient(searchRequest(1)),
			fromServer(entry(1, "", attr("supportedSASLMechanisms", "GSSAPI", "GSS-SPNEGO", "EXTERNAL"), attr("dnsHostName", "dc1.contoso.com"))),
			fromClient(saslBind(2, "GSSAPI", gssAPReq)),
			fromServer(bindResponse(2, 14, nil, "", gssAPRep)),
			fromClient(saslBind(3, "GSSAPI", nil)),
			fromServer(bindResponse(3, 14, nil, "", wrapToken)),
			fromClient(saslBind(4, "GSSAPI", wrapToken)),
			fromServer(bindResponse(4, 0, nil, "", nil)),
			fromClient(sealed),
		}, []string{
			"S name dc1.contoso.com (ldap)",
			"offer GSSAPI GSS-SPNEGO EXTERNAL",
			kerberos("GSSAPI", len(gssAPReq)),
			fmt.Sprintf(`S token kerberos key=0 verb="GSSAPI" len=%d`, len(gssAPRep)),
			`S continue code=0xe name="saslBindInProgress" text="" key=0`,
			`S token wrap key=0 verb="GSSAPI" len=32`,
			`S continue code=0xe name="saslBindInProgress" text="" key=0`,
			`C token wrap key=0 verb="GSSAPI" len=32`,
			success,
			"C after auth",
			"idle",
		}},
		{"GSS-SPNEGO in one leg, plain search", []turn{
			fromClient(saslBind(1, "GSS-SPNEGO", spnegoReq)),
			fromServer(bindResponse(1, 0, nil, "", spnegoRep)),
			fromClient(searchRequest(2)),
		}, []string{
			kerberos("GSS-SPNEGO", len(spnegoReq)),
			fmt.Sprintf(`S token kerberos accept-completed key=0 verb="GSS-SPNEGO" len=%d`, len(spnegoRep)),
			success,
			"C after auth",
			"idle",
		}},
		{"signing demanded", []turn{
			fromClient(saslBind(1, "GSS-SPNEGO", spnegoReq)),
			fromServer(bindResponse(1, 8, nil, "00002028: no", nil)),
		}, []string{kerberos("GSS-SPNEGO", len(spnegoReq)), `S refused code=0x8 name="strongerAuthRequired" text="00002028: no" key=0`}},
		{"sealing demanded", []turn{
			fromClient(saslBind(1, "GSS-SPNEGO", spnegoReq)),
			fromServer(bindResponse(1, 13, nil, "", nil)),
		}, []string{kerberos("GSS-SPNEGO", len(spnegoReq)), `S refused code=0xd name="confidentialityRequired" text="" key=0`}},
		{"refused, then NTLM", []turn{
			fromClient(saslBind(1, "GSS-SPNEGO", spnegoReq)),
			fromServer(bindResponse(1, 49, nil, dataText, nil)),
			fromClient(saslBind(2, "GSS-SPNEGO", negInit(ntlmToken(1), oidNTLM))),
			fromServer(bindResponse(2, 14, nil, "", negResp(1, ntlmToken(2)))),
			fromClient(saslBind(3, "GSS-SPNEGO", negResp(1, ntlmToken(3)))),
			fromServer(bindResponse(3, 0, nil, "", negResp(0, nil))),
		}, []string{
			kerberos("GSS-SPNEGO", len(spnegoReq)),
			`S refused code=0x31 name="invalidCredentials" text="80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 52e, v3839" key=0`,
			`C token ntlm key=0 verb="GSS-SPNEGO" len=122`,
			`S token ntlm accept-incomplete key=0 verb="GSS-SPNEGO" len=101`,
			`S continue code=0xe name="saslBindInProgress" text="" key=0`,
			`C token ntlm accept-incomplete key=0 verb="GSS-SPNEGO" len=103`,
			`S token state accept-completed key=0 verb="GSS-SPNEGO" len=9`,
			success,
		}},
		{"simple binds and anonymous", []turn{
			fromClient(simpleBind(1, "", "")),
			fromServer(bindResponse(1, 0, nil, "", nil)),
			fromClient(simpleBind(2, "cn=alice", "secret")),
			fromServer(bindResponse(2, 8, nil, "signing please", nil)),
			fromClient(saslBind(3, "EXTERNAL", []byte{})),
			fromServer(bindResponse(3, 7, nil, "", nil)),
		}, []string{
			"S anonymous",
			`C other simple verb="bind"`,
			`S refused code=0x8 name="strongerAuthRequired" text="signing please" key=0`,
			`C other EXTERNAL verb="bind"`,
			`S refused code=0x7 name="authMethodNotSupported" text="" key=0`,
		}},
		{"Sicily", []turn{
			fromClient(ldapMsg(1, derTLV(0x60, []byte{2, 1, 3}, derTLV(0x04), derTLV(0x89)))),
			fromServer(bindResponse(1, 0, []byte("NTLM;DPA"), "", nil)),
			fromClient(ldapMsg(2, derTLV(0x60, []byte{2, 1, 3}, derTLV(0x04, []byte("NTLM")), derTLV(0x8a, ntlmToken(1))))),
			fromServer(bindResponse(2, 0, ntlmToken(2), "", nil)),
			fromClient(ldapMsg(3, derTLV(0x60, []byte{2, 1, 3}, derTLV(0x04), derTLV(0x8b, ntlmToken(3))))),
			fromServer(bindResponse(3, 49, nil, dataText, nil)),
		}, []string{
			"offer NTLM DPA",
			`C token ntlm key=0 verb="Sicily" len=88`,
			`S token ntlm key=0 verb="Sicily" len=88`,
			`S continue code=0x0 name="success" text="" key=0`,
			`C token ntlm key=0 verb="Sicily" len=90`,
			`S refused code=0x31 name="invalidCredentials" text="80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 52e, v3839" key=0`,
		}},
		{"the answer to another bind", []turn{
			fromClient(simpleBind(1, "cn=alice", "secret")), fromClient(saslBind(2, "GSS-SPNEGO", spnegoReq)),
			fromServer(bindResponse(1, 49, nil, "", nil)), fromServer(bindResponse(2, 0, nil, "", spnegoRep)),
		}, []string{`C other simple verb="bind"`, fmt.Sprintf(`C token kerberos key=0 verb="GSS-SPNEGO" len=%d`, len(spnegoReq)),
			`S refused code=0x31 name="invalidCredentials" text="" key=1`,
			fmt.Sprintf(`S token kerberos accept-completed key=0 verb="GSS-SPNEGO" len=%d`, len(spnegoRep)), `S accepted code=0x0 name="success" text="" key=0`}},
		{"StartTLS", []turn{
			fromClient(ldapMsg(1, derTLV(0x77, derTLV(0x80, []byte(oidStartTLS))))),
			fromServer(ldapMsg(1, derTLV(0x78, []byte{0x0a, 1, 0}, derTLV(0x04), derTLV(0x04)))),
		}, []string{"S TLS"}},
		{"StartTLS refused", []turn{
			fromClient(ldapMsg(1, derTLV(0x77, derTLV(0x80, []byte(oidStartTLS))))),
			fromServer(ldapMsg(1, derTLV(0x78, []byte{0x0a, 1, 52}, derTLV(0x04), derTLV(0x04)))),
			fromClient(saslBind(2, "GSSAPI", gssAPReq)),
		}, []string{kerberos("GSSAPI", len(gssAPReq))}},
		{"begins in mid-stream, entries passed over", []turn{
			fromServer("garbage0000", entry(9, "cn=big", attr("jpegPhoto", string(make([]byte, 60000)))), bindResponse(2, 49, nil, "", nil)),
		}, []string{`S refused code=0x31 name="invalidCredentials" text="" key=0`}},
		{"gap within an entry and within a token", []turn{
			fromServer(big[:30000]),
			fromServer(big[30100:], bindResponse(2, 0, nil, "", nil)).lost(100),
			fromClient(saslBind(1, "GSSAPI", gssAPReq)[:500]),
			fromClient(saslBind(1, "GSSAPI", gssAPReq)[600:], saslBind(2, "GSSAPI", gssAPReq)).lost(100),
		}, []string{
			success,
			`C token kerberos cut key=0 verb="GSSAPI" len=468`,
			kerberos("GSSAPI", len(gssAPReq)),
		}},
	} {
		t.Run(c.name, func(t *testing.T) { talk(t, openLDAP, c.want, c.turns...) })
	}
}

func TestProbeLDAP(t *testing.T) {
	for _, c := range []struct {
		up, down string
		want     verdict
	}{
		{searchRequest(1), "", yes},
		{saslBind(1, "GSSAPI", gssAPReq), "", yes},
		{saslBind(1, "GSSAPI", gssAPReq)[:30], "", yes},
		{"\x30\x84\x00\x00", "", needMore},
		{"", bindResponse(1, 49, nil, "", nil), yes},
		{bindResponse(1, 49, nil, "", nil), "", no},
		{"\x30\x26\x02\x01\x01\x04\x06public\xa0\x19", "", no}, // SNMP
		{string(gssAPReq), "", no},
		{"GET / HTTP/1.1", "", no},
		{"\x30\x0c\x30\x0a\x30\x08\xa0\x03\x02\x01\x05\xa1\x01\x00", "", no},
	} {
		assert.Equal(t, c.want, probeLDAP([]byte(c.up), []byte(c.down), 4711), "%.20q %.20q", c.up, c.down)
	}
}

func FuzzLDAP(f *testing.F) {
	f.Add(script(fromClient(saslBind(2, "GSSAPI", gssAPReq)), fromServer(bindResponse(2, 14, nil, "", gssAPRep)), fromClient(searchRequest(9))))
	f.Add(script(fromServer(entry(1, "", attr("supportedSASLMechanisms", "GSSAPI")))))
	f.Fuzz(func(t *testing.T, b []byte) {
		hostile(t, openLDAP, b)
		probeLDAP(b, nil, 389)
		parseCLDAP(b)
	})
}

func netlogon(op byte) []byte {
	b := append([]byte{op, 0, 0, 0, 0xfd, 0xf3, 0x03, 0x00}, make([]byte, 16)...)
	b = append(b, "\x07contoso\x03com\x00"...) // forest at 24
	b = append(b, 0xc0, 24)                    // domain
	b = append(b, "\x03dc1\xc0\x18"...)        // host
	b = append(b, "\x07CONTOSO\x00\x03DC1\x00\x00\x07Default\x00\xc0\x3c"...)
	return append(b, 5, 0, 0, 0, 0xff, 0xff, 0xff, 0xff)
}

func TestCLDAP(t *testing.T) {
	got, ok := parseCLDAP([]byte(entry(1, "", attr("Netlogon", string(netlogon(23))))))
	require.True(t, ok)
	assert.Equal(t, cldapAnswer{host: "dc1.contoso.com", domain: "contoso.com", forest: "contoso.com", netbios: "DC1", netbiosDomain: "CONTOSO",
		site: "Default", clientSite: "Default", flags: 0x3f3fd}, got)
	_, ok = parseCLDAP([]byte(entry(1, "", attr("netlogon", string(netlogon(99))))))
	assert.False(t, ok)
	_, ok = parseCLDAP([]byte(searchRequest(1)))
	assert.False(t, ok)
}
