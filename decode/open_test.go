package decode

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/decode/krb5"
)

const (
	smtp    = "smtp/hub-1.contoso.com"
	smtpAt  = smtp + "@" + testRealm
	started = 1784895194
)

// madeAPReq makes an AP-REQ with gokrb5 whose ticket is encrypted in the key of password.
func madeAPReq(t testing.TB, sname, password string, kvno uint8, etype int32) *krb5.Message {
	t.Helper()
	ticketEType := etype
	if etype == 20 {
		etype = 18 // gokrb5 makes session keys of etype 20 too short
	}
	kt := keytab.New()
	require.NoError(t, kt.AddEntry(sname, testRealm, password, time.Unix(1, 0), kvno, etype))
	cname := types.NewPrincipalName(1, "MAILBOX-1$")
	at := time.Unix(started, 0).UTC()
	flags := types.NewKrbFlags()
	types.SetFlags(&flags, []int{1, 8, 10, 15})
	tkt, session, err := messages.NewTicket(cname, testRealm, types.NewPrincipalName(2, sname), testRealm,
		flags, kt, etype, int(kvno), at, at, at.Add(10*time.Hour), at.Add(7*24*time.Hour))
	require.NoError(t, err)
	if ticketEType != etype {
		plain, err := crypto.DecryptEncPart(tkt.EncPart, kt.Entries[0].Key, usageTicket)
		require.NoError(t, err)
		require.NoError(t, kt.AddEntry(sname, testRealm, password, time.Unix(1, 0), kvno, ticketEType))
		tkt.EncPart, err = crypto.GetEncryptedData(plain, kt.Entries[1].Key, usageTicket, int(kvno))
		require.NoError(t, err)
	}
	auth, err := types.NewAuthenticator(testRealm, cname)
	require.NoError(t, err)
	auth.CTime, auth.Cusec = at.Add(time.Minute), 4711
	require.NoError(t, auth.GenerateSeqNumberAndSubKey(18, 32))
	req, err := messages.NewAPReq(tkt, session, auth)
	require.NoError(t, err)
	b, err := req.Marshal()
	require.NoError(t, err)
	m, n := krb5.Parse(b)
	require.Equal(t, len(b), n)
	require.NotNil(t, m.APReq)
	return &m
}

func madeKeys(t testing.TB, entries ...testEntry) *Keys {
	t.Helper()
	keys, err := ReadKeytab(madeKeytab(t, entries...))
	require.NoError(t, err)
	return keys
}

func openerOf(t testing.TB, entries ...testEntry) *opener {
	t.Helper()
	return newOpener(madeKeys(t, entries...), func(string) {})
}

// openKrb opens a message that stands between a client and a server.
func (o *opener) openKrb(k *krb5.Message) *Opened {
	return o.open(&Message{Krb: k, Src: netip.MustParseAddrPort("10.0.0.1:1025"), Dst: netip.MustParseAddrPort("10.0.0.2:88"), Transport: TCP})
}

func TestOpen(t *testing.T) {
	for _, etype := range []int32{16, 17, 18, 19, 20, 23} {
		t.Run(krb5.EtypeName(etype), func(t *testing.T) {
			m := madeAPReq(t, smtp, "right", 7, etype)
			raw := string(m.Raw)
			o := openerOf(t, testEntry{"other", "x", 7, etype, ""}, testEntry{smtp, "right", 7, etype, ""}).openKrb(m)
			require.NotNil(t, o)
			assert.Equal(t, fmt.Sprintf("%s 7 %s", smtpAt, krb5.EtypeName(etype)), o.Key)
			assert.Equal(t, uint32(7), o.KVNO)
			assert.Empty(t, o.WhyNot)
			assert.Empty(t, o.Differs)
			assert.Equal(t, NotRefused, o.Refusal)
			session := etype
			if etype == 20 {
				session = 18
			}
			assert.Equal(t, krb5.Opt[int32]{V: session, OK: true}, o.SessionKeyEType)
			assert.Equal(t, int64(started), o.AuthTime.V)
			assert.Equal(t, int64(started+36000), o.EndTime.V)
			assert.Equal(t, int64(started+7*86400), o.RenewTill.V)
			assert.Equal(t, []string{"forwardable", "renewable", "pre-authent", "enc-pa-rep"}, krb5.TicketFlagNames(o.Flags.V))
			assert.Equal(t, "MAILBOX-1$", o.CName.String())
			assert.Equal(t, testRealm, string(o.CRealm))

			a := o.Authenticator
			require.NotNil(t, a)
			assert.Empty(t, a.WhyNot)
			assert.Equal(t, int64(started+60), a.CTime.V)
			assert.Equal(t, int32(4711), a.CUSec.V)
			assert.Equal(t, krb5.Opt[int32]{V: 18, OK: true}, a.SubkeyEType)
			assert.Equal(t, "MAILBOX-1$", a.CName.String())
			assert.Equal(t, raw, string(m.Raw), "opening changes no bytes of the message")
		})
	}
}

// What a keytab says of a ticket for smtp/hub-1.contoso.com, kvno 7, AES256, password "right".
func TestWhyNot(t *testing.T) {
	m := madeAPReq(t, smtp, "right", 7, 18)
	for _, row := range []struct {
		name    string
		entries []testEntry
		key     string
		differs string
		refusal Refusal
		why     string
	}{
		{"right", []testEntry{{smtp, "right", 7, 18, ""}}, smtpAt + " 7 aes256-cts-hmac-sha1-96", "", NotRefused, ""},
		{"case", []testEntry{{"SMTP/HUB-1.contoso.com", "right", 7, 18, smtp}}, "SMTP/HUB-1.contoso.com@CONTOSO.COM 7 aes256-cts-hmac-sha1-96", "upper and lower case differ", NotRefused, ""},
		{"the best label", []testEntry{{"zzz", "right", 7, 18, smtp}, {smtp, "right", 6, 18, ""}, {"SMTP/hub-1.contoso.com", "right", 7, 18, smtp}, {smtp, "right", 7, 18, ""}}, smtpAt + " 7 aes256-cts-hmac-sha1-96", "", NotRefused, ""},
		{"other kvno, same key", []testEntry{{smtp, "right", 9, 18, ""}}, smtpAt + " 9 aes256-cts-hmac-sha1-96", "the ticket says kvno 7, the key is labelled kvno 9", NotRefused, ""},
		{"another secret", []testEntry{{smtp, "wrong", 7, 18, ""}, {smtp, "older", 6, 18, ""}}, "", "", WrongSecret, smtpAt + " 7 aes256-cts-hmac-sha1-96 is another key than the one the ticket was made with"},
		{"older", []testEntry{{smtp, "wrong", 5, 18, ""}, {smtp, "wrong", 6, 23, ""}}, "", "", NoKVNO, "no entry for " + smtpAt + " kvno 7 (but kvno 5, older by 2; kvno 6, older by 1); none of the other keys opens the ticket"},
		{"newer", []testEntry{{smtp, "wrong", 8, 18, ""}}, "", "", NoKVNO, "kvno 8, newer by 1"},
		{"etype", []testEntry{{smtp, "right", 7, 23, ""}, {smtp, "right", 7, 17, ""}}, "", "", NoEType, "no aes256-cts-hmac-sha1-96 key for " + smtpAt + " kvno 7 (but aes128-cts-hmac-sha1-96, rc4-hmac)"},
		{"long and short host", []testEntry{{"smtp/hub-1", "wrong", 7, 18, ""}, {"far", "x", 7, 18, ""}, {"HUB-1$", "y", 7, 18, ""}}, "", "", NoPrincipal, "no entry for " + smtpAt + "; nearest: smtp/hub-1@CONTOSO.COM, HUB-1$@CONTOSO.COM; none of the other keys"},
		{"nothing like it", []testEntry{{"far", "x", 7, 18, ""}}, "", "", NoPrincipal, "no entry for " + smtpAt + " (but one for far@CONTOSO.COM)"},
		{"none", nil, "", "", NoPrincipal, "there are none at all"},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := openerOf(t, row.entries...).openKrb(m)
			assert.Equal(t, row.key, o.Key)
			assert.Equal(t, row.refusal, o.Refusal)
			if row.why == "" {
				assert.Empty(t, o.WhyNot)
			} else {
				assert.Contains(t, o.WhyNot, row.why)
				assert.Nil(t, o.Authenticator)
			}
			if row.differs == "" {
				assert.Empty(t, o.Differs)
			} else {
				require.Len(t, o.Differs, 1)
				assert.Contains(t, o.Differs[0], row.differs)
			}
		})
	}
	// The SPN is on another account.
	for _, other := range []string{"HUB-1$", "svc-mail", "HTTP/web"} {
		o := openerOf(t, testEntry{smtp, "wrong", 7, 18, ""}, testEntry{other, "right", 3, 18, smtp}).openKrb(m)
		assert.Equal(t, other+"@CONTOSO.COM 3 aes256-cts-hmac-sha1-96", o.Key)
		assert.Equal(t, []string{"the ticket is for " + smtpAt + ", the key is that of " + other + "@CONTOSO.COM",
			"the ticket says kvno 7, the key is labelled kvno 3"}, o.Differs)
	}
}

func TestKVNOWithoutUpperBits(t *testing.T) {
	m := madeAPReq(t, smtp, "right", 7, 18)
	m.APReq.Ticket.EncPart.KVNO.V = 0x30007 // as an RODC numbers its keys
	o := openerOf(t, testEntry{smtp, "right", 7, 18, ""}).openKrb(m)
	require.Empty(t, o.WhyNot)
	// gokrb5 writes the 32-bit kvno too: it is another one.
	assert.Len(t, o.Differs, 1)
	e := keyEntry{kvno: 7, short: true}
	assert.True(t, e.hasKVNO(0x30007))
	assert.False(t, e.hasKVNO(8))
}

func TestOpenParts(t *testing.T) {
	keys := openerOf(t, testEntry{smtp, "right", 7, 18, ""})
	assert.Nil(t, newOpener(nil, nil))
	assert.Nil(t, keys.open(&Message{}))
	assert.Nil(t, keys.openKrb(&krb5.Message{Type: krb5.ASReq, KDCReq: &krb5.KDCReq{}}))

	whole := madeAPReq(t, smtp, "right", 7, 18)
	for cut := 5; cut < len(whole.Raw); cut++ {
		m, _ := krb5.Parse(whole.Raw[:cut])
		o := keys.openKrb(&m)
		if o == nil {
			continue
		}
		if o.Key == "" {
			require.Equal(t, NotWhole, o.Refusal)
		} else if o.Authenticator != nil {
			require.Equal(t, "only a part of the authenticator was captured", o.Authenticator.WhyNot)
		}
	}

	des := *whole.APReq
	des.Ticket.EncPart.EType.V = 26
	o := keys.ticket(&des.Ticket)
	assert.Equal(t, CannotDecrypt, o.Refusal)
	assert.Contains(t, o.WhyNot, "camellia256-cts-cmac")

	// Another ticket's authenticator.
	mixed := *whole.APReq
	mixed.Authenticator = madeAPReq(t, smtp, "right", 7, 18).APReq.Authenticator
	o = keys.openKrb(&krb5.Message{APReq: &mixed})
	assert.Contains(t, o.Authenticator.WhyNot, "does not open")

	// A TGS-REQ uses another key usage: an AP-REQ's authenticator does not open in it.
	o = keys.openKrb(&krb5.Message{KDCReq: &krb5.KDCReq{APReq: whole.APReq}})
	assert.NotEmpty(t, o.Authenticator.WhyNot)

	// Short ciphers, on which gokrb5 panics.
	for _, etype := range []int32{16, 17, 18, 19, 20, 23} {
		keys := openerOf(t, testEntry{smtp, "right", 7, etype, ""})
		for n := range 40 {
			short := whole.APReq.Ticket
			short.EncPart.EType.V, short.EncPart.Cipher = etype, make([]byte, n)
			require.Empty(t, keys.ticket(&short).Key)
		}
	}
}

func TestOpenedOnce(t *testing.T) {
	keys := openerOf(t, testEntry{smtp, "right", 7, 18, ""})
	m := madeAPReq(t, smtp, "right", 7, 18)
	assert.Same(t, keys.ticket(&m.APReq.Ticket), keys.ticket(&m.APReq.Ticket))
	rewritten := m.APReq.Ticket
	rewritten.EncPart.KVNO.V = 9
	assert.NotEmpty(t, keys.ticket(&rewritten).Differs)
	for i := range maxOpened + 10 {
		other := m.APReq.Ticket
		other.EncPart.Cipher = []byte(fmt.Sprint("cipher ", i))
		keys.ticket(&other)
	}
	assert.Len(t, keys.tickets.byKey, maxOpened, "bounded")
}

func TestOpenedDoesNotPrint(t *testing.T) {
	keys := madeKeys(t, testEntry{smtp, "right", 7, 18, ""})
	o := newOpener(keys, func(string) {}).openKrb(madeAPReq(t, smtp, "right", 7, 18))
	session := o.session.Secret()
	require.Len(t, session, 32)
	for _, format := range []string{"%v", "%+v", "%#v", "%x"} {
		out := fmt.Sprintf(format, *o) + fmt.Sprintf(format, keys)
		for _, secret := range [][]byte{session, keys.entries[0].key.Secret()} {
			assert.NotContains(t, strings.ToLower(out), fmt.Sprintf("%x", secret[:6]))
			assert.NotContains(t, out, strings.Trim(fmt.Sprint(secret[:6]), "[]"))
		}
	}
}

func BenchmarkOpenTicket(b *testing.B) {
	keys := openerOf(b, testEntry{smtp, "right", 7, 18, ""})
	m := madeAPReq(b, smtp, "right", 7, 18)
	b.ReportAllocs()
	for b.Loop() {
		keys.openTicket(&m.APReq.Ticket)
	}
}
