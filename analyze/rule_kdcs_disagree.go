package analyze

import (
	"fmt"
	"slices"

	"kerbscope/decode"
	"kerbscope/decode/krb5"
)

// kdcsDisagree: the same question, two KDCs, two answers.
var kdcsDisagree = &Rule{
	ID:    "kdcs-disagree",
	Title: "Two KDCs of one realm answer the same question differently",
	Doc: `For one account or SPN, two KDCs of the same realm gave different answers to comparable requests: another set of offered keys,
another ticket etype, another kvno, or an error here and success there. DCs of different versions, different settings (the registry
values of the KDC are not replicated), or replication that is behind. Users then see faults that come and go with the DC they happen to ask.`,
	Rivals: []string{
		`A password that just changed (a gMSA's, a computer's) and reaches the other DC moments later: a note, when that DC uses the new key within 15 minutes and no ticket of the old one was refused in view.`,
		`The password was changed between the two answers: a higher kvno from the later answer, at whichever KDC, is not a disagreement; the rule asks for the lower kvno to be issued after the higher one.`,
		`The clients asked with different lists: the rule compares only requests with the same list.`,
		`An RODC has its own krbtgt key and its own kvno (upper 16 bits): not compared with others.`,
	},
	Fix: []string{
		`repadmin /showrepl * /csv and repadmin /replsummary; for the object: repadmin /showobjmeta DC "DN" on both DCs, compare the version of unicodePwd, servicePrincipalName and msDS-SupportedEncryptionTypes`,
		`Compare the settings of both DCs: reg query HKLM\SYSTEM\CurrentControlSet\Services\KDC /s, the policy value SupportedEncryptionTypes, and their update level (Get-HotFix)`,
		`Force replication of the one object: repadmin /replsingleobj DC1 DC2 "DN"`,
		`Samba: samba-tool drs showrepl, samba-tool drs replicate DC1 DC2 NC, samba-tool ldapcmp ldap://DC1 ldap://DC2; MIT: kproplog, and the age of the replica's database`,
	},
	Events:   []Event{{Host: "DC", Log: "Directory Service", ID: "1311, 1865, 2042", Meaning: "replication trouble"}},
	Refs:     []string{"[MS-KILE] §3.3.5", "[MS-ADTS] §3.1.1.5 (replication)"},
	Since:    "0.1.0",
	Severity: Warning,
	Check:    checkKDCsDisagree,
}

func checkKDCsDisagree(c *Case) []Finding {
	found := c.keysDisagree()
	found = append(found, c.ticketsDisagree()...)
	return append(found, c.errorsDisagree()...)
}

// disagreement begins a finding about two answers to one question.
func (c *Case) disagreement(a, b *Record, fields ...string) Finding {
	f := c.aboutRecords([]*Record{a, b}, fields...)
	f.Confidence = Certain
	f.FaultAt = nil
	f.Cause = "Two DCs of one realm treat one account differently: they differ in version or in settings that are not replicated, or replication is behind. Which of the two is wrong follows from what the account should have."
	return f
}

// keysDisagree compares what KDCs offer for one account and one list.
func (c *Case) keysDisagree() (found []Finding) {
	for _, accounts := range group(c.Accounts(), func(a *AccountKeys) string { return lower(a.Principal) }) {
	pairs:
		for i, a := range accounts {
			for _, b := range accounts[i+1:] {
				if c.SameHost(a.KDC, b.KDC) || !slices.Equal(a.Asked, b.Asked) || sameSet(etypesOf(a.Keys), etypesOf(b.Keys)) {
					continue
				}
				f := c.disagreement(a.Example, b.Example, "etypes", "hint.etype_info2", "error.etype_info2")
				f.Summary = fmt.Sprintf("For %s and the same request list, %s offers %s and %s offers %s.", bare(a.Principal),
					c.HostName(a.KDC), keysText(a.Keys), c.HostName(b.KDC), keysText(b.Keys))
				found = append(found, f)
				break pairs
			}
		}
	}
	return found
}

// ticketsDisagree compares the keys that KDCs encrypt tickets of one service with.
func (c *Case) ticketsDisagree() (found []Finding) {
	for _, keys := range group(c.joined.keys, func(k *KeySeen) string { return lower(k.Service) }) {
	pairs:
		for i, a := range keys {
			for _, b := range keys[i+1:] {
				if !a.KDC.IsValid() || !b.KDC.IsValid() || c.SameHost(a.KDC, b.KDC) {
					continue
				}
				etypes := a.Etype != b.Etype && slices.Equal(a.Example.Req.Etypes, b.Example.Req.Etypes) && !rodc(a.KVNO) && !rodc(b.KVNO)
				// A kvno that goes down from one KDC to the other: the second is behind.
				behind := kvnoBelow(b.KVNO, a.KVNO) && b.Last > a.First || kvnoBelow(a.KVNO, b.KVNO) && a.Last > b.First
				if !etypes && !behind {
					continue
				}
				f := c.disagreement(a.Example, b.Example, "etypes", "issued.etype", "issued.kvno")
				f.Summary = fmt.Sprintf("%s encrypts tickets for %s with %s, %s with %s.", c.HostName(a.KDC), bare(a.Service),
					ticketText(&TicketRef{Etype: a.Etype, KVNO: a.KVNO}), c.HostName(b.KDC), ticketText(&TicketRef{Etype: b.Etype, KVNO: b.KVNO}))
				// Etypes that differ at one kvno tell which keys the KDCs prefer, not
				// which ticket an acceptor cannot open.
				f.Subject.Tickets = nil
				if behind {
					late, ahead := a, b
					if kvnoBelow(b.KVNO, a.KVNO) {
						late, ahead = b, a
					}
					f.FaultAt = []Fault{c.faultKDC(late.Example)}
					f.Cause = fmt.Sprintf("%s still made tickets with %s when %s used %s already: it has not heard of the new password, or of the name's move to another account. Replication to it is behind, or its copy of the account is older. Services that have the new key alone refuse its tickets.",
						c.HostName(late.KDC), kvnoText(late.KVNO), c.HostName(ahead.KDC), kvnoText(ahead.KVNO))
					f.Subject.Tickets = c.madeWith(late)
					f.fill = []string{"DC1", c.HostName(late.KDC), "DC2", c.HostName(ahead.KDC)}
					if x := c.caughtUp(late, ahead); x != nil && !c.anyRefused(f.Subject.Tickets) {
						f.Severity = Note
						c.cite(&f, x, "issued.kvno")
						f.Cause = fmt.Sprintf("The password changed, and %s heard of it within %s: replication at work. None of its tickets with %s was refused in view.",
							c.HostName(late.KDC), durationText(max(x.End-ahead.First, 0)), kvnoText(late.KVNO))
					}
				}
				found = append(found, f)
				break pairs
			}
		}
	}
	return found
}

// madeWith are the tickets that k's KDC issued with k.
func (c *Case) madeWith(k *KeySeen) (list []string) {
	for _, t := range c.Tickets() {
		if t.Issued != nil && samePrincipal(t.Principal(), k.Service) && t.Issued.To.Addr() == k.KDC && t.KVNO != nil && k.KVNO != nil && *t.KVNO == *k.KVNO {
			list = append(list, t.Hash)
		}
	}
	return list
}

// caughtUp is the first exchange in which the late KDC used the newer key
// itself, soon after the other KDC did; nil: none.
func (c *Case) caughtUp(late, ahead *KeySeen) *Record {
	for _, k := range c.Keys(late.Service) {
		if k.KDC == late.KDC && k.Etype == ahead.Etype && k.KVNO != nil && !kvnoBelow(k.KVNO, ahead.KVNO) && k.First >= late.Last && k.First-ahead.First <= replicates {
			return k.Example
		}
	}
	return nil
}

// replicates is how long a password may take to reach another DC: one of another
// site hears of it every 15 minutes at the earliest, if nothing tells it sooner.
const replicates = int64(900e9)

// anyRefused tells whether an acceptor refused one of the tickets so that a key is in doubt.
func (c *Case) anyRefused(hashes []string) bool {
	return slices.ContainsFunc(hashes, func(hash string) bool {
		t := c.TicketOf(hash)
		return t != nil && slices.ContainsFunc(t.Presented, func(p *Presented) bool { return p.Kind == decode.AP && refusedOnce(t, p) })
	})
}

// errorsDisagree finds names that one KDC does not know and another serves.
func (c *Case) errorsDisagree() (found []Finding) {
	unknown := append(c.rowsWhere(decode.AS, func(r *Record) bool { return r.code() == errClientUnknown }),
		c.rowsWhere(decode.TGS, func(r *Record) bool {
			return r.code() == errServiceUnknown && r.Req.SName != "" && !noSecrets(r) && !isTGT(r.Service) && r.Req.KDCOptions&krb5.KDCEncTktInSkey == 0
		})...)
	served := map[string][]*Record{}
	for _, row := range c.Rows(decode.AS, decode.TGS) {
		if x := row.Record(); x.answers() {
			k := askedName(x)
			served[k] = append(served[k], x)
		}
	}
	seen := map[string]bool{}
	for _, row := range unknown {
		r := row.Record()
		k := askedName(r)
		if seen[k] {
			continue
		}
		for _, x := range served[k] {
			if c.SameHost(x.To.Addr(), r.To.Addr()) {
				continue
			}
			seen[k] = true
			name := r.Client
			if r.Kind == decode.TGS {
				name = r.Service
			}
			f := c.disagreement(r, x, "error_code", "cname", "sname", "issued.etype")
			f.Summary = fmt.Sprintf("%s does not know %s (%s), %s does.", c.HostName(r.To.Addr()), bare(name), codeText(r.code()), c.HostName(x.To.Addr()))
			f.FaultAt = []Fault{c.faultKDC(r)}
			found = append(found, f)
			break
		}
	}
	return found
}

// askedName is the name that a KDC looks up: an AS exchange's client, a TGS
// exchange's service.
func askedName(r *Record) string {
	if r.Kind == decode.AS {
		return "AS|" + lower(r.Client)
	}
	return "TGS|" + lower(r.Service)
}

// sameSet compares two lists of etypes, order aside.
func sameSet(a, b []int32) bool {
	for _, e := range a {
		if !hasEtype(b, e) {
			return false
		}
	}
	for _, e := range b {
		if !hasEtype(a, e) {
			return false
		}
	}
	return true
}
