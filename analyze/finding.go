package analyze

// Helpers that rules build findings with.
//
//	f := c.about(rows, "etypes", "error_code")   // subject, count, times, evidence from exemplars
//	f := c.aboutRecords(recs, "ticket.kvno")      // the same from records; count = len(recs)
//	groups := groupRows(rows, func(*Row) string)  // [][]*Row in order of first time; key "" leaves a row out
//	groups := groupRecords(recs, func(*Record) string)
//	c.endpoint(addrPort) string                   // "hub-1.contoso.com port 25 (smtp)"
//	c.frames(rec) string                          // "frame 12 of hub.pcapng"
//
// Fields to cite, each with the frame it stands in: etypes, kdc_options, cname, sname, realm, preauth_etype, padata.type (request);
// first.etypes (the request before PREAUTH_REQUIRED); hint.error_code, hint.etype_info2 (the 25); error_code, e_text, stime, ctime, e_data.ntstatus,
// error.etype_info2 (the deciding KRB-ERROR); reply.etype, reply.etype_info2, issued.etype, issued.kvno, issued.sname (AS-REP, TGS-REP);
// ticket.etype, ticket.kvno, ticket.sname, ticket.hash, authenticator_etype (AP-REQ, and the TGT in a TGS-REQ); ap_rep (the AP-REP came);
// carrier_result.code; too_big; request (the request itself, where nothing came). A field that a record lacks is passed over.
//	f.Summary, f.Cause, f.Confidence = …          // the rule's own words
//	f.Severity = Warning                          // when not the rule's usual one
//	f.FaultAt = []Fault{c.faultServer(rec)}       // or c.faultKDC, c.faultClient
//	c.cite(&f, rec, "carrier_result.code")        // more evidence
//
// Findings() fills ID, Rule, Severity, Fix, Undo, Events, Filter, First and
// Last where the rule left them empty, merges findings of the same rule and
// subject, sorts and links them.
