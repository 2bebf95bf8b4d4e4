package decode

import (
	"encoding/binary"
	"fmt"
	"strings"

	"kerbscope/decode/krb5"
)

// Flavors of ONC RPC credentials: RFC 5531 §8.2, RFC 2203 §5, and the flavor
// that kadmin of MIT used before RPCSEC_GSS.
const (
	oncNone   = 0
	oncGSS    = 6
	oncGSSAPI = 300001
)

// gss_proc of RPCSEC_GSS, RFC 2203 §5.2. The first two that are not data have
// the same numbers as procedures of AUTH_GSSAPI. Those behind them (DESTROY,
// and BIND_CHANNEL of RFC 5403 §2) carry no token.
const (
	gssProcData     = 0
	gssProcInit     = 1
	gssProcContinue = 2
)

const (
	oncHeaderSize  = 24  // of a call, to its credential
	maxONCOpaque   = 400 // RFC 5531 §8.2
	maxONCControl  = 1 << 17
	maxONCRecord   = 1 << 26 // a longer one is no record
	maxONCContext  = 64      // contexts under way on a connection
	leastONCRecord = 24      // the shortest reply
)

// xdr reads XDR, RFC 4506. Once something is not all there, ok is false.
type xdr struct {
	b  []byte
	at int
	ok bool
}

func (x *xdr) u32() uint32 {
	if !x.ok || x.at+4 > len(x.b) {
		x.ok = false
		return 0
	}
	x.at += 4
	return binary.BigEndian.Uint32(x.b[x.at-4:])
}

// opaque reads variable-length data: what of it is there, and where.
func (x *xdr) opaque() (data []byte, at int) {
	n := uint64(x.u32())
	at = x.at
	if !x.ok {
		return nil, at
	}
	if n > uint64(len(x.b)-at) {
		x.ok = false
		x.at = len(x.b)
		return x.b[at:], at
	}
	x.at = min(at+int(n+3)&^3, len(x.b))
	return x.b[at : at+int(n)], at
}

// An oncCall is a call with a credential that carries, or stands for, a context
// of the GSS-API.
type oncCall struct {
	xid     uint32
	program uint32
	flavor  uint32
	proc    uint32 // gss_proc, or the procedure of an AUTH_GSSAPI message
	message bool   // proc is about a context; else the call is one of data
	handle  []byte
	token   []byte
	tokenAt int
}

// readONCCall reads a call as far as it is there, RFC 5531 §9; false when its
// credential is of another flavor or cut.
func readONCCall(b []byte) (c oncCall, ok bool) {
	x := xdr{b: b, ok: true}
	c.xid = x.u32()
	x.at = 12
	c.program = x.u32()
	x.at = 20
	rpcProc := x.u32()
	c.flavor = x.u32()
	cred, _ := x.opaque()
	if !x.ok {
		return c, false
	}
	in := xdr{b: cred, ok: true}
	in.u32() // version
	switch c.flavor {
	case oncGSS:
		c.proc = in.u32()
		in.u32() // seq_num
		in.u32() // service
		c.message = c.proc != gssProcData
	case oncGSSAPI:
		c.message = in.u32() != 0
		c.proc = rpcProc
	default:
		return c, false
	}
	c.handle, _ = in.opaque()
	if !in.ok {
		return c, false
	}
	if !c.setsUp() {
		return c, true
	}
	x.u32()    // verifier
	x.opaque() // and what is in it
	if c.flavor == oncGSSAPI {
		x.u32() // version
	}
	if x.ok {
		c.token, c.tokenAt = x.opaque()
	}
	return c, true
}

// setsUp tells whether the call carries a token.
func (c *oncCall) setsUp() bool {
	return c.message && (c.proc == gssProcInit || c.proc == gssProcContinue)
}

// verb is the flavor's name, behind that of the program where it is a known one.
func (c *oncCall) verb() string {
	name := "RPCSEC_GSS"
	if c.flavor == oncGSSAPI {
		name = "AUTH_GSSAPI"
	}
	switch c.program {
	case 100003: // RFC 5531 §13
		return "NFS " + name
	case 2112:
		return "kadmin " + name
	}
	return name
}

// first tells whether the call begins a context.
func (c *oncCall) first() bool { return c.message && c.proc == gssProcInit }

// An oncReply is the head of a reply, RFC 5531 §9.
type oncReply struct {
	xid      uint32
	denied   bool
	why      uint32 // accept_stat; reject_stat when denied
	authStat uint32 // when denied by AUTH_ERROR
	flavor   uint32 // of the verifier
	body     int    // offset of what follows
}

// rejectAuth is reject_stat AUTH_ERROR; 0 is RPC_MISMATCH.
const rejectAuth = 1

func readONCReply(b []byte) (r oncReply, ok bool) {
	x := xdr{b: b, ok: true}
	r.xid = x.u32()
	if x.u32() != 1 {
		return r, false
	}
	r.denied = x.u32() == 1
	if r.denied {
		if r.why = x.u32(); r.why == rejectAuth {
			r.authStat = x.u32()
		}
		return r, x.ok
	}
	r.flavor = x.u32()
	x.opaque()
	r.why = x.u32()
	r.body = x.at
	return r, x.ok
}

// An oncInit is the result of a call that sets a context up: rpc_gss_init_res,
// RFC 2203 §5.2.3.1, or auth_gssapi_init_res.
type oncInit struct {
	handle       []byte
	major, minor uint32
	token        []byte
	tokenAt      int
}

// readONCInit reads the result behind a reply's head; false when the status is
// not there.
func readONCInit(b []byte, at int, flavor uint32) (i oncInit, ok bool) {
	x := xdr{b: b, at: at, ok: true}
	if flavor == oncGSSAPI {
		x.u32() // version
	}
	i.handle, _ = x.opaque()
	i.major, i.minor = x.u32(), x.u32()
	if !x.ok {
		return i, false
	}
	if flavor == oncGSS {
		x.u32() // seq_window
	}
	if x.ok {
		i.token, i.tokenAt = x.opaque()
	}
	return i, true
}

// gssContinue is GSS_S_CONTINUE_NEEDED, RFC 2744 §3.9.1: the lower half of a
// major status informs, the upper half is an error.
const gssContinue = 1

var gssRoutineErrors = [...]string{1: "GSS_S_BAD_MECH", "GSS_S_BAD_NAME", "GSS_S_BAD_NAMETYPE", "GSS_S_BAD_BINDINGS", "GSS_S_BAD_STATUS",
	"GSS_S_BAD_MIC", "GSS_S_NO_CRED", "GSS_S_NO_CONTEXT", "GSS_S_DEFECTIVE_TOKEN", "GSS_S_DEFECTIVE_CREDENTIAL", "GSS_S_CREDENTIALS_EXPIRED",
	"GSS_S_CONTEXT_EXPIRED", "GSS_S_FAILURE", "GSS_S_BAD_QOP", "GSS_S_UNAUTHORIZED", "GSS_S_UNAVAILABLE", "GSS_S_DUPLICATE_ELEMENT", "GSS_S_NAME_NOT_MN"}

var gssCallErrors = [...]string{1: "GSS_S_CALL_INACCESSIBLE_READ", "GSS_S_CALL_INACCESSIBLE_WRITE", "GSS_S_CALL_BAD_STRUCTURE"}

// gssMajorName is the name of a major status, RFC 2744 §3.9.1: of its routine
// error, else of its calling error.
func gssMajorName(major uint32) string {
	switch routine, call := int(major>>16&0xff), int(major>>24); {
	case routine > 0 && routine < len(gssRoutineErrors):
		return gssRoutineErrors[routine]
	case routine == 0 && call > 0 && call < len(gssCallErrors):
		return gssCallErrors[call]
	case major == 0:
		return "GSS_S_COMPLETE"
	case major == gssContinue:
		return "GSS_S_CONTINUE_NEEDED"
	}
	return ""
}

// krb5Minor is where the error codes of RFC 4120 §7.5.9 begin among the minor
// status codes of MIT's and Heimdal's mechanisms.
const krb5Minor = 0x96c73a00

func gssMinorText(minor uint32) string {
	if n := minor - krb5Minor; n > 0 && n < 128 {
		if name := krb5.ErrorName(int32(n)); name != "" {
			return fmt.Sprintf("minor status %s (%d)", name, n)
		}
	}
	if minor == 0 {
		return ""
	}
	return fmt.Sprintf("minor status 0x%08x", minor)
}

// oncAuthStats are the names of auth_stat, RFC 5531 §9.
var oncAuthStats = [...]string{"AUTH_OK", "AUTH_BADCRED", "AUTH_REJECTEDCRED", "AUTH_BADVERF", "AUTH_REJECTEDVERF", "AUTH_TOOWEAK", "AUTH_INVALIDRESP",
	"AUTH_FAILED", "AUTH_KERB_GENERIC", "AUTH_TIMEEXPIRE", "AUTH_TKT_FILE", "AUTH_DECODE", "AUTH_NET_ADDR", "RPCSEC_GSS_CREDPROBLEM", "RPCSEC_GSS_CTXPROBLEM"}

// oncAcceptStats are the names of accept_stat, RFC 5531 §9.
var oncAcceptStats = [...]string{"SUCCESS", "PROG_UNAVAIL", "PROG_MISMATCH", "PROC_UNAVAIL", "GARBAGE_ARGS", "SYSTEM_ERR"}

// refusal is the word of a reply that is no success; false when it is one.
func (r *oncReply) refusal() (Result, bool) {
	switch {
	case r.denied && r.why == rejectAuth:
		w := Result{Outcome: Refused, Code: int64(r.authStat)}
		if int(r.authStat) < len(oncAuthStats) {
			w.CodeName = oncAuthStats[r.authStat]
		}
		return w, true
	case r.denied:
		return Result{Outcome: Refused, Code: int64(r.why), CodeName: "RPC_MISMATCH"}, true
	case r.why != 0:
		w := Result{Outcome: Refused, Code: int64(r.why)}
		if int(r.why) < len(oncAcceptStats) {
			w.CodeName = oncAcceptStats[r.why]
		}
		return w, true
	}
	return Result{}, false
}

// word is the word of a result on a context.
func (i *oncInit) word() Result {
	r := Result{Outcome: Accepted, Code: int64(i.major), CodeName: gssMajorName(i.major)}
	switch {
	case i.major>>16 != 0:
		r.Outcome, r.Text = Refused, gssMinorText(i.minor)
	case i.major&gssContinue != 0:
		r.Outcome = Continue
	}
	return r
}

// tokenLike tells whether bytes begin as a token of the GSS-API does.
func tokenLike(b []byte) bool {
	return len(b) > 2 && (b[0] == 0x60 || b[0] == 0xa1) || strings.HasPrefix(string(b[:min(len(b), 8)]), string(ntlmSignature))
}
