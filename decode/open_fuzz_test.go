package decode

import (
	"net/netip"
	"reflect"
	"testing"

	"kerbscope/decode/krb5"
)

// FuzzOpen: whatever a peer that has the keys encrypts, and whatever stands in
// clear, opening does not panic and says the same twice.
func FuzzOpen(f *testing.F) {
	whole := madeAPReq(f, smtp, "right", 7, 18)
	f.Add(whole.Raw, []byte{0x63, 0x02, 0x30, 0x00})
	f.Add([]byte{0x6a, 0x03, 0x30, 0x01, 0x00}, []byte{0x79, 0x02, 0x30, 0x00})
	keys := madeKeys(f, testEntry{smtp, "right", 7, 18, ""})
	if err := keys.AddPassword("alice@"+testRealm, "x"); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, wire, plain []byte) {
		var said [2][]*Opened
		for i := range said {
			o := newOpener(keys, func(string) {})
			for rest := wire; len(rest) > 0 && len(said[i]) < 8; {
				k, n := krb5.Parse(rest)
				if n == 0 {
					rest = rest[1:]
					continue
				}
				rest = rest[n:]
				m := &Message{Krb: &k, Src: netip.MustParseAddrPort("10.0.0.1:1025"), Dst: netip.MustParseAddrPort("10.0.0.2:464"), Transport: TCP, Carrier: []string{"kpasswd"}}
				if k.KDCRep != nil || k.APRep != nil || k.Error != nil {
					m.Src, m.Dst = m.Dst, m.Src
				}
				if r := o.open(m); r != nil {
					with := *r
					with.session = krb5.EncryptionKey{} // a closure is never equal
					if with.FAST != nil && with.FAST.Armor != nil {
						with.FAST = nil
					}
					with.Tickets = nil
					said[i] = append(said[i], &with)
				}
			}
		}
		if !reflect.DeepEqual(said[0], said[1]) {
			t.Fatal("two answers")
		}
		if part, ok := krb5.ParseEncTicketPart(plain); ok {
			openedWith(part)
		}
		if part, ok := krb5.ParseEncKDCRepPart(plain); ok {
			o := newOpener(keys, func(string) {})
			o.encPart(&Message{Krb: &krb5.Message{Type: krb5.ASRep}}, &krb5.KDCRep{}, part, "x")
		}
		kpasswdAnswer(plain)
	})
}
