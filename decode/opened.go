package decode

import (
	"kerbscope/decode/krb5"
)

// A Refusal is why no key opens a ticket or another part of a message.
type Refusal uint8

// The refusals, each stated only after every key of the etype was tried.
const (
	NotRefused    Refusal = iota
	NoPrincipal           // no entry for the ticket's service
	NoKVNO                // entries for the service, none of the ticket's kvno
	NoEType               // an entry for service and kvno, none of the ticket's etype
	WrongSecret           // an entry for service, kvno and etype, but another key; or the wrong password
	CannotDecrypt         // an etype, or a number of iterations, that this program cannot do
	NotWhole              // only a part of the ticket was captured
	SaltUnknown           // a password, but the salt is not told, and the usual ones do not fit
)

// Differing is what the label of a key that opens a ticket says otherwise than
// the ticket; a set of bits.
type Differing uint8

// The bits of Differing.
const (
	DiffersCase Differing = 1 << iota // the same name in other case
	DiffersName                       // another principal's name
	DiffersKVNO                       // another kvno
	DiffersSalt                       // made with another salt than the KDC tells
)

// Opened is what keys made of the parts of a message: the ticket of a KDC-REP
// or AP-REQ or the TGT of a TGS-REQ, and what else is set. It must not be changed.
type Opened struct {
	Key     string    // "principal kvno etype" of the entry whose key opens the ticket; empty: none does, or there is none
	KVNO    uint32    // of that entry; in its low 8 bits when the keytab holds no more
	Owner   string    // principal of that entry
	Differs []string  // what its label says otherwise than the ticket, one sentence each
	Differ  Differing // the same as bits
	// OwnRefusal is why the keys that bear the ticket's own name do not open it,
	// when the key of another name does (DiffersName); OwnWhyNot says it in words.
	OwnRefusal Refusal
	OwnWhyNot  string
	ByPassword bool // the key was made of a password: it bears the account's name, whatever the service is called

	Refusal Refusal
	WhyNot  string   // one sentence, empty when a key opens the ticket
	Has     []uint32 // the kvnos that the keytab has for the service, ascending

	// The contents of the ticket. SessionKeyEType is also set when the session
	// key is known from the client's side; SessionKeyFrom then says from where.
	SessionKeyEType                         krb5.Opt[int32]
	SessionKeyFrom                          string
	AuthTime, StartTime, EndTime, RenewTill krb5.Opt[int64] // Unix seconds
	Flags                                   krb5.Opt[uint32]
	CName                                   krb5.PrincipalName
	CRealm                                  []byte
	Transited                               []byte // realms on the way
	Addresses                               int    // host addresses that the ticket is bound to
	PAC                                     *OpenedPAC
	Indicators                              []string // authentication indicators, RFC 8129

	Authenticator *OpenedAuthenticator // nil: none beside the ticket, or no session key
	EncPart       *OpenedEncPart       // of a KDC-REP; nil: no key of the client is there
	Preauth       *OpenedPreauth       // encrypted timestamp or challenge, of a request or a FAST reply
	FAST          *OpenedFAST
	APRep         *OpenedAPRep
	Priv          *OpenedPriv
	Tickets       []*Opened // additional-tickets of a TGS-REQ, in their order: S4U2proxy, user-to-user

	session krb5.EncryptionKey
}

// hasTicket says that the message carried a ticket, of which Opened tells.
func (o *Opened) hasTicket() bool { return o.Key != "" || o.WhyNot != "" }

// An OpenedPAC is the summary of a ticket's PAC, [MS-PAC].
type OpenedPAC struct {
	Size       int // bytes
	Buffers    []uint32
	Signatures []krb5.PACSignature // without the signatures' bytes

	Account, Domain, LogonServer string // of the logon info
	DomainSID                    string
	UserID, PrimaryGroup         uint32 // RIDs; Account "" when there is no logon info
	Groups, ExtraSIDs, Resource  uint32 // how many
	AccountControl               uint32
	ClientName                   string
	ClientAuthTime               krb5.Opt[int64]
	UPN, DNSDomain               string
	Requestor                    string // SID
	Attributes                   krb5.Opt[uint32]
	Delegation                   []string // services on the way of S4U2proxy; the target first
	Anomalies                    []krb5.Anomaly
}

// An OpenedAuthenticator is what the session key made of an authenticator.
type OpenedAuthenticator struct {
	CTime       krb5.Opt[int64] // the client's clock, Unix seconds
	CUSec       krb5.Opt[int32]
	SubkeyEType krb5.Opt[int32] // absent: no subkey
	SeqNumber   krb5.Opt[uint32]
	CName       krb5.PrincipalName
	CRealm      []byte
	CksumType   krb5.Opt[int32]
	GSSFlags    krb5.Opt[uint32] // of the checksum, RFC 4121 §4.1.1
	Bound       bool             // the checksum holds a channel binding
	Target      string           // AD-TARGET-PRINCIPAL: the SPN that the client means
	APOptions   krb5.Opt[uint32] // KERB_AP_OPTIONS
	ETypes      []int32          // AD-ETYPE-NEGOTIATION: what the client offers
	WhyNot      string           // why it does not open; then nothing else is set
}

// An OpenedEncPart is the enc-part of a KDC-REP, RFC 4120 §5.4.2.
type OpenedEncPart struct {
	Key     string // what opened it, in words
	Refusal Refusal
	WhyNot  string // why nothing does; then nothing else is set

	SessionKeyEType                         krb5.Opt[int32]
	Flags                                   krb5.Opt[uint32]
	AuthTime, StartTime, EndTime, RenewTill krb5.Opt[int64] // Unix seconds
	KeyExpiration                           krb5.Opt[int64]
	SName                                   krb5.PrincipalName
	SRealm                                  []byte
	SupportedEnc                            krb5.Opt[uint32] // PA-SUPPORTED-ENCTYPES of the service's account
	PAData                                  []int32          // types of encrypted-pa-data
}

// An OpenedPreauth is an encrypted timestamp, RFC 4120 §5.2.7.2, or an
// encrypted challenge, RFC 6113 §5.4.6.
type OpenedPreauth struct {
	Key       string // what opened it
	Refusal   Refusal
	WhyNot    string
	Timestamp krb5.Opt[int64] // the sender's clock, Unix seconds
	USec      krb5.Opt[int32]
	Challenge bool // an encrypted challenge
}

// An OpenedFAST is what stands in FAST armor, RFC 6113 §5.4.
type OpenedFAST struct {
	Armor  *Opened // the armor's ticket and authenticator; nil in a reply, and where the TGT is the armor
	Key    string  // of what the armor key is made
	WhyNot string  // why the armor does not open; then nothing else is set

	Options  krb5.Opt[uint32]
	Request  *krb5.KDCReq   // the true KDC-REQ-BODY; nil in a reply
	PAData   []krb5.PAData  // the true padata
	Error    *krb5.KRBError // PA-FX-ERROR: the true error
	Client   krb5.PrincipalName
	CRealm   []byte
	Strength krb5.Opt[int32] // etype of the strengthen-key
	Time     krb5.Opt[int64] // the KDC's clock, Unix seconds
	Nonce    krb5.Opt[uint32]
}

// An OpenedAPRep is the enc-part of an AP-REP, RFC 4120 §5.5.2.
type OpenedAPRep struct {
	Key         string
	WhyNot      string
	CTime       krb5.Opt[int64]
	CUSec       krb5.Opt[int32]
	SubkeyEType krb5.Opt[int32]
	SeqNumber   krb5.Opt[uint32]
}

// An OpenedPriv is a KRB-PRIV of the password protocol, RFC 3244.
type OpenedPriv struct {
	Key    string
	WhyNot string
	Size   int    // bytes of user-data; those of a request are a password and are not kept
	Target string // of a request to set another principal's password
	Result *Result
}

// opened lets the keys at hand open what m carries.
func (d *Decoder) opened(m *Message) {
	if d.opener == nil {
		return
	}
	m.Opened = d.opener.open(m)
}
