package krb5

import (
	"reflect"
	"testing"

	"github.com/jcmturner/gokrb5/v8/test/testdata"
)

func addSamples(f *testing.F) {
	for _, b := range samples() {
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Add([]byte{0x6f, 0x80, 0x30, 0x80, 0xa0, 0x03, 0x02, 0x01, 0x05, 0, 0, 0, 0})
}

// Whatever the bytes: no panic, the same answer twice, offsets within the input.
func FuzzParse(f *testing.F) {
	addSamples(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		m, n := Parse(b)
		if n < 0 || n > len(b) || len(m.Raw) != n || m.Truncated != (m.Length > n) {
			t.Fatalf("n %d, raw %d, length %d, truncated %v of %d bytes", n, len(m.Raw), m.Length, m.Truncated, len(b))
		}
		if again, k := Parse(b); k != n || !reflect.DeepEqual(m, again) {
			t.Fatal("another answer for the same bytes")
		}
		checkOffsets(t, m.Anomalies, m.Malformed, len(b))
		for _, pa := range m.PAData() {
			d := pa.Decode()
			checkOffsets(t, d.Anomalies, d.Malformed, len(b))
		}
		if m.Error != nil {
			checkOffsets(t, m.Error.Data().Anomalies, nil, len(b))
		}
		if m.KDCReq != nil {
			m.KDCReq.PreauthEType()
			_ = m.KDCReq.SName.String()
		}
	})
}

func checkOffsets(t *testing.T, anomalies []Anomaly, m *Malformed, n int) {
	t.Helper()
	if len(anomalies) > maxAnomalies+1 {
		t.Fatalf("%d anomalies", len(anomalies))
	}
	for _, a := range anomalies {
		if a.Offset < 0 || a.Offset > n {
			t.Fatalf("%v in %d bytes", a, n)
		}
	}
	if m != nil && (m.Offset < 0 || m.Offset > n) {
		t.Fatalf("%v in %d bytes", m, n)
	}
}

// What Probe says Yes to, Parse reads as that message; a prefix of it is never No.
func FuzzProbe(f *testing.F) {
	addSamples(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		length, v := Probe(b)
		if v != Yes {
			return
		}
		m, n := Parse(b)
		if n != min(length, len(b)) || m.Length != length {
			t.Fatalf("Probe %d, Parse %d of %d", length, n, m.Length)
		}
		for i := range min(len(b), 32) {
			if _, v := Probe(b[:i]); v == No {
				t.Fatalf("No for the first %d bytes", i)
			}
		}
	})
}

func FuzzPAData(f *testing.F) {
	for typ := range paReaders {
		f.Add(typ, tEnc(18, 3, filled(8)), false)
	}
	f.Add(int32(PAFXFAST), tCtx(0, tSeq(tCtx(0, tSeq(tCtx(0, tInt(1)), tCtx(1, tOctets(apReq())))))), true)
	f.Add(int32(PAETypeInfo2), tSeq(tSeq(tCtx(0, tInt(18)), tCtx(1, tText("salt")))), false)
	f.Add(int32(PAPKASReq), tSeq(tlv(0x80, signed(tSeq(tCtx(0, tSeq(tCtx(2, tInt(1))))), tSeq(tInt(1))))), false)
	for typ, s := range map[int32]string{PAOTPChallenge: testdata.MarshaledKRB5pa_otp_challenge, PAOTPRequest: testdata.MarshaledKRB5pa_otp_req,
		PAFXFAST: testdata.MarshaledKRB5pa_fx_fast_reply, PAForUser: testdata.MarshaledKRB5pa_for_user} {
		f.Add(typ, hexBytes(s), false)
	}
	f.Add(int32(PADMSAKeyPackage), tSeq(tCtx(0, tSeq(tSeq(tCtx(0, tInt(18)), tCtx(1, tOctets(filled(32)))))), tCtx(2, tTime("20260724121314Z"))), false)
	f.Add(int32(TDTrustedCertifiers), tSeq(tSeq(tlv(0x81, tSeq(tSeq(), tInt(7))))), false)
	f.Add(int32(PAS4UX509User), tSeq(tCtx(0, tSeq(tCtx(0, tInt(1)), tCtx(1, tName(1, "a")), tCtx(2, tText(realm))))), false)
	f.Fuzz(func(t *testing.T, typ int32, b []byte, cut bool) {
		pa := PAData{Type: typ, Value: b, Offset: 50, Cut: cut}
		d, again := pa.Decode(), pa.Decode()
		if len(d.Keys) != len(again.Keys) || (d.DMSA == nil) != (again.DMSA == nil) {
			t.Fatal("other keys for the same bytes")
		}
		// Keys hide in functions, which are equal to nothing.
		d.Keys, again.Keys, d.DMSA, again.DMSA = nil, nil, nil, nil
		if !reflect.DeepEqual(d, again) {
			t.Fatal("another answer for the same bytes")
		}
		if d.S4UX509User != nil {
			d.S4UX509User.Subject()
		}
		pa.Typed()
		checkOffsets(t, d.Anomalies, d.Malformed, len(b)+50)
	})
}

func FuzzEData(f *testing.F) {
	f.Add([]byte{0x30, 0x05, 0xa1, 0x03, 0x02, 0x01, 0x02}, false)
	f.Add(tSeq(tPA(19, nil), tPA(2, nil)), false)
	f.Add(tSeq(tSeq(tCtx(0, tInt(104)), tCtx(1, tOctets(filled(9))))), true)
	f.Fuzz(func(t *testing.T, b []byte, cut bool) {
		e := KRBError{EData: b, EDataCut: cut}
		d := e.Data()
		shapes := 0
		for _, set := range []bool{d.MethodData != nil, d.TypedData != nil, d.KerbErrorData != nil, d.TGTRep != nil} {
			if set {
				shapes++
			}
		}
		if shapes > 1 {
			t.Fatal("two shapes")
		}
		checkOffsets(t, d.Anomalies, nil, len(b))
	})
}
