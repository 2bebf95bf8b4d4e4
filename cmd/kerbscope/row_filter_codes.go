package main

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// filterError takes the code of a KRB-ERROR, and an NTSTATUS that one holds or
// that the carrier gave.
func filterError(values []string) (func(*decode.Message, string) bool, error) {
	var codes []int32
	var statuses []int64
	var any bool
	for _, v := range values {
		found := len(codes) + len(statuses)
		any = any || v == "*"
		if n, err := strconv.ParseInt(v, 10, 32); err == nil {
			codes = append(codes, int32(n))
		} else if n, err := strconv.ParseUint(v, 0, 32); err == nil {
			statuses = append(statuses, int64(n))
		}
		upper := strings.ToUpper(v)
		for n, name := range krb5.Errors {
			if _, short, _ := strings.Cut(name, "_ERR_"); v != "*" && (globMatches(upper, name) || globMatches(upper, short)) {
				codes = append(codes, n)
			}
		}
		for n, name := range krb5.NTStatuses {
			if v != "*" && globMatches(upper, name) {
				statuses = append(statuses, int64(n))
			}
		}
		if found == len(codes)+len(statuses) && v != "*" {
			return nil, badValue(v)
		}
	}
	return func(m *decode.Message, _ string) bool {
		if m.Result != nil && slices.Contains(statuses, m.Result.Code) {
			return true
		}
		if m.Krb == nil || m.Krb.Error == nil {
			return false
		}
		e := m.Krb.Error
		if any || e.ErrorCode.OK && slices.Contains(codes, e.ErrorCode.V) {
			return true
		}
		if len(statuses) == 0 || len(e.EData) == 0 {
			return false
		}
		d := e.Data()
		return d.KerbErrorData != nil && d.KerbErrorData.NTStatus.OK && slices.Contains(statuses, int64(d.KerbErrorData.NTStatus.V))
	}, nil
}

func filterEtype(values []string) (func(*decode.Message, string) bool, error) {
	var etypes []int32
	for _, v := range values {
		found := len(etypes)
		if n, err := strconv.ParseInt(v, 10, 32); err == nil {
			etypes = append(etypes, int32(n))
		}
		for n, name := range krb5.Etypes {
			if globMatches(strings.ToLower(v), name) || strings.EqualFold(v, shortEtype(n)) {
				etypes = append(etypes, n)
			}
		}
		if found == len(etypes) {
			return nil, badValue(v)
		}
	}
	in := func(o krb5.Opt[int32]) bool { return o.OK && slices.Contains(etypes, o.V) }
	return func(m *decode.Message, _ string) bool {
		k := m.Krb
		if k == nil {
			return false
		}
		if eachTicket(k, func(t *krb5.Ticket) bool { return in(t.EncPart.EType) }) {
			return true
		}
		switch {
		case k.KDCReq != nil:
			q := k.KDCReq
			return slices.ContainsFunc(q.ETypes, func(e int32) bool { return slices.Contains(etypes, e) }) || in(q.PreauthEType()) ||
				q.APReq != nil && in(q.APReq.Authenticator.EType)
		case k.KDCRep != nil:
			return in(k.KDCRep.EncPart.EType) || offers(k.KDCRep.PAData, in)
		case k.APReq != nil:
			return in(k.APReq.Authenticator.EType)
		case k.APRep != nil:
			return in(k.APRep.EncPart.EType)
		case k.Priv != nil:
			return in(k.Priv.EncPart.EType)
		case k.Cred != nil:
			return in(k.Cred.EncPart.EType)
		case k.Error != nil && len(k.Error.EData) > 0:
			return offers(k.Error.Data().MethodData, in)
		}
		return false
	}, nil
}

// offers tells whether a key of such an etype is in ETYPE-INFO2 or ETYPE-INFO.
func offers(list []krb5.PAData, in func(krb5.Opt[int32]) bool) bool {
	for _, pa := range list {
		if pa.Type == krb5.PAETypeInfo || pa.Type == krb5.PAETypeInfo2 {
			if slices.ContainsFunc(pa.Decode().ETypeInfo, func(i krb5.ETypeInfo) bool { return in(i.EType) }) {
				return true
			}
		}
	}
	return false
}

// filterTicket follows a ticket by its hash through all the messages that hold it.
func filterTicket(values []string) (func(*decode.Message, string) bool, error) {
	for i, v := range values {
		values[i] = strings.ToLower(v)
		if len(v) < 6 || strings.Trim(values[i], "0123456789abcdef") != "" {
			return nil, badValue(v)
		}
	}
	return func(m *decode.Message, _ string) bool {
		return m.Krb != nil && eachTicket(m.Krb, func(t *krb5.Ticket) bool {
			if len(t.EncPart.Cipher) == 0 || t.EncPart.Cut {
				return false
			}
			sum := sha256.Sum256(t.EncPart.Cipher)
			hash := hex.EncodeToString(sum[:])
			return slices.ContainsFunc(values, func(v string) bool { return strings.HasPrefix(hash, v) })
		})
	}, nil
}
