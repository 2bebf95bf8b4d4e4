package krb5

// A PACLogonInfo is what a diagnosis needs of a KERB_VALIDATION_INFO, [MS-PAC]
// §2.5. Times are Unix seconds, absent when the account has none ("never").
type PACLogonInfo struct {
	LogonTime          Opt[int64]
	LogoffTime         Opt[int64]
	KickOffTime        Opt[int64]
	PasswordLastSet    Opt[int64]
	PasswordCanChange  Opt[int64]
	PasswordMustChange Opt[int64]

	EffectiveName      string // the account's name, as the DC has it
	FullName           string
	LogonScript        string
	ProfilePath        string
	HomeDirectory      string
	HomeDirectoryDrive string
	LogonCount         uint16
	BadPasswordCount   uint16

	UserID             uint32 // RID
	PrimaryGroupID     uint32 // RID
	GroupCount         uint32
	Groups             []uint32   // RIDs in the domain, the first 1024
	UserFlags          uint32     // PACUserFlagNames
	LogonServer        string     // the DC that authenticated the user
	LogonDomain        string     // NetBIOS name
	DomainSID          string     // of the account's domain
	UserAccountControl uint32     // PACAccountFlagNames; not the attribute of the same name
	SubAuthStatus      uint32     // NTSTATUS
	LastLogon          Opt[int64] // LastSuccessfulILogon
	LastFailedLogon    Opt[int64] // LastFailedILogon
	FailedLogons       uint32     // FailedILogonCount
	ExtraSIDCount      uint32     //
	ExtraSIDs          []string   // the first 1024
	ResourceDomainSID  string     // of the domain that the resource groups are in
	ResourceGroupCount uint32     //
	ResourceGroups     []uint32   // RIDs, the first 1024
}

// pacLogon reads a KERB_VALIDATION_INFO as far as it goes.
func pacLogon(n *ndr) *PACLogonInfo {
	l := new(PACLogonInfo)
	for _, at := range []*Opt[int64]{&l.LogonTime, &l.LogoffTime, &l.KickOffTime, &l.PasswordLastSet, &l.PasswordCanChange, &l.PasswordMustChange} {
		*at = n.filetime()
	}
	texts := [...]*string{&l.EffectiveName, &l.FullName, &l.LogonScript, &l.ProfilePath, &l.HomeDirectory, &l.HomeDirectoryDrive}
	var there [len(texts)]ndrText
	for i := range texts {
		there[i] = n.textHeader()
	}
	l.LogonCount, l.BadPasswordCount = n.u16(), n.u16()
	l.UserID, l.PrimaryGroupID = n.u32(), n.u32()
	l.GroupCount = n.u32()
	groups := n.u32() != 0
	l.UserFlags = n.u32()
	n.take(16) // UserSessionKey, of NTLM
	server, domain := n.textHeader(), n.textHeader()
	domainSID := n.u32() != 0
	n.take(8) // Reserved1
	l.UserAccountControl, l.SubAuthStatus = n.u32(), n.u32()
	l.LastLogon, l.LastFailedLogon = n.filetime(), n.filetime()
	l.FailedLogons = n.u32()
	n.u32() // Reserved3
	l.ExtraSIDCount = n.u32()
	extra := n.u32() != 0
	resourceSID := n.u32() != 0
	l.ResourceGroupCount = n.u32()
	resourceGroups := n.u32() != 0
	if n.bad != "" {
		return l
	}

	// What the pointers point to, in their order.
	for i, to := range texts {
		*to = n.text(there[i])
	}
	if groups {
		l.Groups = n.rids(l.GroupCount)
	}
	l.LogonServer, l.LogonDomain = n.text(server), n.text(domain)
	if domainSID {
		l.DomainSID = n.sid()
	}
	if extra {
		l.ExtraSIDs = n.sids(l.ExtraSIDCount)
	}
	if resourceSID {
		l.ResourceDomainSID = n.sid()
	}
	if resourceGroups {
		l.ResourceGroups = n.rids(l.ResourceGroupCount)
	}
	return l
}

// sids reads KERB_SID_AND_ATTRIBUTES, [MS-PAC] §2.2.1.
func (n *ndr) sids(claimed uint32) []string {
	count := n.list(claimed, 8)
	var there [maxPACList]bool
	for i := range count {
		if i < maxPACList {
			there[i] = n.u32() != 0
		} else {
			n.u32()
		}
		n.u32() // attributes
	}
	var list []string
	for i := range count {
		if i == maxPACList {
			n.fail("more than 1024 SIDs")
			break
		}
		if n.bad != "" {
			break
		}
		if there[i] {
			if s := n.sid(); s != "" {
				list = append(list, s)
			}
		}
	}
	return list
}
