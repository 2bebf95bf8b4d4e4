package analyze

// What rules read. Every slice comes in a fixed order (by first time, then by
// address or name) and belongs to the Case: read only.
//
//	c.Rows(kinds...)       []*Row         exchanges that are alike, with exemplars
//	c.Records()            []*Record      those kept one by one, in time order
//	c.Tickets()            []*TicketLife  every ticket from issue to each presentation
//	c.TicketOf(ref)        *TicketLife
//	c.KDCs()               []*KDCFacts    what each KDC issues, offers, says
//	c.KDC(addr)            *KDCFacts
//	c.Accounts()           []*AccountKeys ETYPE-INFO2 of a principal at a KDC
//	c.Keys(service)        []*KeySeen     kvno and etype history of a service by KDC
//	c.PasswordChanges()    []*Record      port 464, answered OK
//	c.Sessions()           []*SessionFact connections on carriers
//	c.Sightings(kind)      []*SightingFact
//	c.Clock(addr)          *HostClock     stime readings of a host
//	c.Clocks()             []*HostClock
//	c.HostName(addr)       string         best name, else the address
//	c.HostsOf(name)        []netip.Addr   addresses that the captures tie to a host name
//	c.HasRole(addr, role)  bool
//	c.Captures()           []CaptureFacts what each capture lost
//
// Numbers as people read them, and what etypes are worth:
//
//	etypeText(18)          "aes256-cts-hmac-sha1-96 (18)"
//	etypesText([]int32)    the list, comma separated
//	codeText(25)           "KDC_ERR_PREAUTH_REQUIRED (25)"
//	ntstatusText(u32)      "STATUS_LOGON_FAILURE (0xc000006d)"
//	isAES(e) isRC4(e) isDES(e) isWeak(e)   isAES: 17 18 19 20; isRC4: 23 24 -128 -133 -135; isWeak: RC4, DES, 3DES, unknown negative
//	hasAES(list) hasEtype(list, e)
//	isTGT(principal)       krbtgt/…
//	splitPrincipal(p)      sname or cname, realm
//	spnHost(p)             host part of service/host[:port][/…], lower case; "" when none
//	spnClass(p)            lower-case service class
//	isComputer(p)          ends in $ or is host/…
//	samePrincipal(a, b)    ASCII case aside
//	stamp(ns)              RFC 3339 UTC
//	seconds(ns)            "3.2 s"
