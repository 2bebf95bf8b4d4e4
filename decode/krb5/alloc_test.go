package krb5

import (
	"encoding/hex"
	"testing"

	"github.com/jcmturner/gokrb5/v8/test/testdata"
)

// allTypes is a message of each type, as MIT's test vectors have it, with all fields.
func allTypes(t testing.TB) map[string][]byte {
	t.Helper()
	list := map[string][]byte{"TGT-REQ": tSeq(tCtx(0, tInt(5)), tCtx(1, tInt(16)), tCtx(2, tName(2, "host/a")), tCtx(3, tText(realm))),
		"TGT-REP": tSeq(tCtx(0, tInt(5)), tCtx(1, tInt(17)), tCtx(2, tTicket(realm, "krbtgt/"+realm, 18, 2, filled(900))))}
	for name, s := range map[string]string{
		"AS-REQ": testdata.MarshaledKRB5as_req, "AS-REP": testdata.MarshaledKRB5as_rep, "TGS-REQ": testdata.MarshaledKRB5tgs_req,
		"TGS-REP": testdata.MarshaledKRB5tgs_rep, "AP-REQ": testdata.MarshaledKRB5ap_req, "AP-REP": testdata.MarshaledKRB5ap_rep,
		"KRB-SAFE": testdata.MarshaledKRB5safe, "KRB-PRIV": testdata.MarshaledKRB5priv, "KRB-CRED": testdata.MarshaledKRB5cred, "KRB-ERROR": testdata.MarshaledKRB5error,
	} {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		list[name] = b
	}
	return list
}

// TestAllocationsByType: a message of each type, all its optional fields set, takes
// three allocations at most; those KDC-REQs one more, for additional-tickets
// and addresses, which requests seldom have.
func TestAllocationsByType(t *testing.T) {
	for name, msg := range allTypes(t) {
		m, n := Parse(msg)
		if n != len(msg) || m.Type.String() != name || m.Malformed != nil {
			t.Fatalf("%s: %s, %d of %d bytes, %v", name, m.Type, n, len(msg), m.Malformed)
		}
		most := 3.0
		if m.KDCReq != nil && m.KDCReq.Tickets != nil {
			most = 4
		}
		if n := testing.AllocsPerRun(100, func() { Parse(msg) }); n > most {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	for name, parse := range map[string]func(){
		"EncTicketPart":  plain(t, testdata.MarshaledKRB5enc_tkt_part, func(b []byte) { ParseEncTicketPart(b) }),
		"Authenticator":  plain(t, testdata.MarshaledKRB5authenticator, func(b []byte) { ParseAuthenticator(b) }),
		"EncKDCRepPart":  plain(t, testdata.MarshaledKRB5enc_kdc_rep_part, func(b []byte) { ParseEncKDCRepPart(b) }),
		"EncAPRepPart":   plain(t, testdata.MarshaledKRB5ap_rep_enc_part, func(b []byte) { ParseEncAPRepPart(b) }),
		"PA-ENC-TS-ENC":  plain(t, testdata.MarshaledKRB5pa_enc_ts, func(b []byte) { ParsePAEncTSEnc(b) }),
		"EncKrbPrivPart": plain(t, testdata.MarshaledKRB5enc_priv_part, func(b []byte) { ParseEncKrbPrivPart(b) }),
	} {
		if n := testing.AllocsPerRun(100, parse); n > 8 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func plain(t *testing.T, s string, do func([]byte)) func() {
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return func() { do(b) }
}

func BenchmarkParseType(b *testing.B) {
	for name, msg := range allTypes(b) {
		b.Run(name, func(b *testing.B) { benchmarkParse(b, msg) })
	}
}

func BenchmarkParsePAC(b *testing.B) {
	logon, _ := hex.DecodeString(testdata.MarshaledPAC_Kerb_Validation_Info_MS)
	pac := tPAC(tBuffer{PACLogonInfoBuffer, logon})
	b.ReportAllocs()
	for b.Loop() {
		if p, ok := ParsePAC(pac); !ok || len(p.Anomalies) > 0 {
			b.Fatal("no PAC")
		}
	}
}
