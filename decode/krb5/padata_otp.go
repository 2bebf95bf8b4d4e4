package krb5

// An OTP is a PA-OTP-CHALLENGE or PA-OTP-REQUEST, RFC 6560 §4.1 and §4.2. One-time
// passwords and PINs that a request holds are not read.
type OTP struct {
	Request bool
	Service []byte        // otp-service, of a challenge
	Tokens  []OTPToken    // of a challenge, those to choose from; of a request, the one chosen
	Enc     EncryptedData // encData of a request
}

// An OTPToken is an OTP-TOKENINFO, RFC 6560 §4.1.
type OTPToken struct {
	Flags      Opt[uint32] // OTPFlagNames
	Vendor     []byte
	Challenge  []byte // of the token
	Length     Opt[int32]
	Format     Opt[int32] // 0 decimal, 1 hexadecimal, 2 alphanumeric, 3 binary, 4 base64
	TokenID    []byte
	AlgID      []byte   // a URI: urn:ietf:params:xml:ns:keyprov:pskc:hotp
	Hashes     []string // supportedHashAlg
	Iterations Opt[int32]
}

// The module has IMPLICIT TAGS: a tag stands in place of the universal one.

func (d *PADetail) otpChallenge(p *parser, e element, name string) {
	if e.id != idSequence {
		return
	}
	d.OTP = new(OTP)
	for r := e.body; ; {
		e, ok := r.next(p)
		if !ok {
			return
		}
		switch e.id {
		case 0x81:
			d.OTP.Service = p.bytes(e.body)
		case ctx(2):
			for in := e.body; len(d.OTP.Tokens) < maxTickets; {
				e, ok := in.next(p)
				if !ok || e.id != idSequence {
					break
				}
				d.OTP.Tokens = append(d.OTP.Tokens, p.otpToken(e.body))
			}
		}
	}
}

func (p *parser) otpToken(r reader) (t OTPToken) {
	for {
		e, ok := r.next(p)
		if !ok {
			return t
		}
		switch e.id {
		case 0x80:
			t.Flags = p.flagsOf(e, "flags")
		case 0x81:
			t.Vendor = p.bytes(e.body)
		case 0x82:
			t.Challenge = p.bytes(e.body)
		case 0x83:
			t.Length = p.implicitInt32(e)
		case 0x84:
			t.Format = p.implicitInt32(e)
		case 0x85:
			t.TokenID = p.bytes(e.body)
		case 0x86:
			t.AlgID = p.bytes(e.body)
		case ctx(7):
			t.Hashes = p.algorithms(e.body)
		case 0x88:
			t.Iterations = p.implicitInt32(e)
		}
	}
}

// implicitInt32 reads an INTEGER under an IMPLICIT tag.
func (p *parser) implicitInt32(e element) Opt[int32] {
	e.id = idInteger
	return p.int32Of(e, "OTP")
}

func (d *PADetail) otpRequest(p *parser, e element, name string) {
	if e.id != idSequence {
		return
	}
	d.OTP = &OTP{Request: true}
	var t OTPToken
	for r := e.body; ; {
		e, ok := r.next(p)
		if !ok {
			break
		}
		switch e.id {
		case 0x80:
			t.Flags = p.flagsOf(e, "flags")
		case ctx(2):
			d.OTP.Enc = p.encryptedIn(fields{r: e.body, name: name})
		case 0x84:
			t.Iterations = p.implicitInt32(e)
		case 0x87:
			t.Challenge = p.bytes(e.body)
		case 0x8a:
			t.Format = p.implicitInt32(e)
		case 0x8b:
			t.TokenID = p.bytes(e.body)
		case 0x8c:
			t.AlgID = p.bytes(e.body)
		case 0x8d:
			t.Vendor = p.bytes(e.body)
		}
	}
	d.OTP.Tokens = []OTPToken{t}
}
