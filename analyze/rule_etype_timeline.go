package analyze

import (
	"fmt"
	"slices"
	"strings"
)

// etypeTimeline: the key of a service was not the same all the time.
var etypeTimeline = &Rule{
	ID:    "etype-timeline",
	Title: "A service's key changed within the captures",
	Doc: `Tickets for one service were encrypted with more than one key: the kvno or the etype differs between tickets, by KDC and over time. The finding lists
that history, for reading beside refusals: who presents a ticket of an older entry after a newer one appeared has a stale ticket, and who holds keys of the
older entry only has a stale keytab. By itself it is no fault: passwords of computers change every 30 days.`,
	Rivals: []string{
		`The password was changed: the kvno rises by one, at one KDC first, and does not go back.`,
		`Two KDCs with different settings or replication behind: the entries alternate by KDC; kdcs-disagree judges that.`,
		`The name moved to another account: the kvno jumps, or falls; spn-on-wrong-account judges that when a ticket is refused.`,
		`A read-only DC issues with its own krbtgt key: kvnos with an upper half are left out of this history.`,
	},
	Fix: []string{
		`Nothing, unless a refusal stands beside it. See who holds which key: on the service klist -kte; on the DC repadmin /showobjmeta . "DN" | findstr /i unicodePwd shows when the password changed and where`,
	},
	Refs:     []string{"RFC 4120 §5.2.9 (kvno)", "[MS-KILE] §3.1.5.8 (kvno)"},
	Since:    "0.1.0",
	Severity: Note,
	Check:    checkEtypeTimeline,
}

func checkEtypeTimeline(c *Case) []Finding {
	var found []Finding
	for _, keys := range group(c.joined.keys, func(k *KeySeen) string {
		if rodc(k.KVNO) || isReferral(k.Service) {
			return ""
		}
		return lower(k.Service)
	}) {
		differ := slices.ContainsFunc(keys, func(k *KeySeen) bool { return k.Etype != keys[0].Etype || kvnoDiffers(k.KVNO, keys[0].KVNO) })
		if !differ {
			continue
		}
		slices.SortStableFunc(keys, func(a, b *KeySeen) int { return compareTimes(a.First, b.First) })
		var records []*Record
		var steps []string
		var n uint64
		for _, k := range keys {
			records = append(records, k.Example)
			n += k.Count
			by := "issued before the captures"
			if k.KDC.IsValid() {
				by = "from " + c.HostName(k.KDC)
			}
			if len(steps) < 6 {
				steps = append(steps, fmt.Sprintf("%s %s", ticketText(&TicketRef{Etype: k.Etype, KVNO: k.KVNO}), by))
			}
		}
		f := c.aboutRecords(records, "issued.etype", "issued.kvno", "ticket.etype", "ticket.kvno")
		f.Count, f.Severity, f.Confidence = n, Note, Certain
		f.Service, f.Subject.Service = keys[0].Service, keys[0].Service
		f.Client, f.Subject.Client = "", ""
		f.FaultAt = nil
		if len(keys) > len(steps) {
			steps = append(steps, fmt.Sprintf("and %d more", len(keys)-len(steps)))
		}
		f.Summary = fmt.Sprintf("Tickets for %s were made with %d keys: %s.", bare(keys[0].Service), len(keys), strings.Join(steps, "; "))
		f.Cause = "The account's password or its encryption types changed, or the KDCs differ. Tickets and keytabs with the older key may be refused."
		found = append(found, f)
	}
	return found
}

func compareTimes(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
