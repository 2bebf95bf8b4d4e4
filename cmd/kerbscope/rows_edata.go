package main

import "kerbscope/decode/krb5"

// A rowEData is the e-data of a KRB-ERROR.
type rowEData struct {
	MethodData    []rowPAData    `json:"method_data,omitempty"`
	TypedData     []rowTypedData `json:"typed_data,omitempty"`
	KerbErrorData *rowKerbError  `json:"kerb_error_data,omitempty"`
	Ticket        *rowTicket     `json:"ticket,omitempty"` // the acceptor's TGT, for user-to-user
	Hex           string         `json:"hex,omitempty"`
}

// A rowTypedData is one element of TYPED-DATA, with what is decoded of its type.
type rowTypedData struct {
	Type     int32       `json:"type"`
	TypeName string      `json:"type_name,omitempty"`
	Length   int         `json:"length"`
	Hex      string      `json:"hex,omitempty"`
	PAData   []rowPAData `json:"padata,omitempty"` // of TD-PADATA
	rowTyped
}

// A rowTyped is what types of TYPED-DATA hold, which stand in padata as well.
type rowTyped struct {
	CertificateIDs []rowCertID  `json:"certificate_ids,omitempty"`
	Certificates   []*rowCert   `json:"certificates,omitempty"`
	DHGroups       []rowDHGroup `json:"dh_groups,omitempty"`
	Algorithms     []string     `json:"algorithms,omitempty"`
	Principal      string       `json:"principal,omitempty"`
	Realm          string       `json:"realm,omitempty"`
	Number         *uint32      `json:"number,omitempty"`
}

// A rowIAKERB is the header of a message that a service passes on to a KDC.
type rowIAKERB struct {
	TargetRealm  string `json:"target_realm,omitempty"`
	CookieLength int    `json:"cookie_length,omitempty"`
}

type rowDHGroup struct {
	Bits int    `json:"bits,omitempty"`
	Name string `json:"name,omitempty"`
}

type rowKerbError struct {
	Type         int32   `json:"type"`
	TypeName     string  `json:"type_name,omitempty"`
	NTStatus     *uint32 `json:"ntstatus,omitempty"`
	NTStatusName string  `json:"ntstatus_name,omitempty"`
	Flags        *uint32 `json:"flags,omitempty"`
}

// eData is the decoded e-data of an error; hex of it where it has no known shape.
func (r *row) eData(e *krb5.KRBError) *rowEData {
	out := r.eDataAt(e, 0)
	if out != nil && out.MethodData != nil {
		for i, pa := range e.Data().MethodData {
			if out.MethodData[i].TypeName == "" {
				out.MethodData[i].Hex = hexOf(pa.Value)
			}
		}
	}
	return out
}

func (r *row) eDataAt(e *krb5.KRBError, depth int) *rowEData {
	if len(e.EData) == 0 {
		return nil
	}
	d := e.Data()
	r.anomalies(d.Anomalies)
	out := &rowEData{MethodData: r.padataAt(d.MethodData, depth)}
	for _, t := range d.TypedData {
		out.TypedData = append(out.TypedData, r.typedData(t, depth))
	}
	if k := d.KerbErrorData; k != nil {
		out.KerbErrorData = &rowKerbError{Type: k.Type, TypeName: kerbErrorName(k.Type), NTStatus: opt(k.NTStatus), Flags: opt(k.Flags)}
		if k.NTStatus.OK {
			out.KerbErrorData.NTStatusName = krb5.NTStatusName(k.NTStatus.V)
		}
	}
	if d.TGTRep != nil {
		out.Ticket = makeTicket(d.TGTRep.Ticket)
	}
	if out.MethodData == nil && out.TypedData == nil && out.KerbErrorData == nil && out.Ticket == nil {
		out.Hex = hexOf(d.Raw)
	}
	return out
}

func (r *row) typedData(t krb5.PAData, depth int) rowTypedData {
	out := rowTypedData{Type: t.Type, TypeName: krb5.TypedDataName(t.Type), Length: len(t.Value), Hex: hexOf(t.Value)}
	if t.Type == krb5.TDPAData {
		out.PAData = r.padataAt(t.Typed(), depth+1)
		return out
	}
	d := t.Decode()
	r.anomalies(d.Anomalies)
	if d.Malformed != nil {
		r.Anomalies = append(r.Anomalies, rowAnomaly{d.Malformed.Offset, "typed-data: " + d.Malformed.What})
	}
	out.rowTyped = makeTyped(&d.TypedDetail)
	return out
}

func makeTyped(d *krb5.TypedDetail) rowTyped {
	t := rowTyped{CertificateIDs: makeCertIDs(d.CertificateIDs), Certificates: makeCerts(d.Certificates), Algorithms: d.Algorithms,
		Principal: wireText([]byte(d.Principal.String())), Realm: wireText(d.Realm), Number: opt(d.Number)}
	for _, g := range d.DHGroups {
		t.DHGroups = append(t.DHGroups, rowDHGroup{g.Bits, g.Name})
	}
	return t
}

// kerbErrorName names the types of KERB-ERROR-DATA, [MS-KILE] §2.2.2.
func kerbErrorName(typ int32) string {
	switch typ {
	case krb5.KerbErrNTStatus:
		return "KERB_ERR_TYPE_NTSTATUS"
	case krb5.KerbErrSkewRecovery:
		return "KERB_AP_ERR_TYPE_SKEW_RECOVERY"
	case krb5.KerbErrExtended:
		return "KERB_ERR_TYPE_EXTENDED"
	}
	return ""
}
