package analyze

import (
	"fmt"
	"slices"
)

// unknownEtypeSeen: an etype number that no registry holds.
var unknownEtypeSeen = &Rule{
	ID:    "unknown-etype-seen",
	Title: "An encryption type that is in no registry",
	Doc: `A request list, an ETYPE-INFO2 or an encrypted part names an etype number that is neither in IANA's registry of Kerberos encryption
types nor among Microsoft's negative ones. It is told so that nobody takes the strength of such a key for granted: kerbscope judges it neither strong nor weak.`,
	Rivals: []string{
		`A newer etype than this version of kerbscope knows: look the number up in IANA's registry of Kerberos parameters.`,
		`A private etype of a vendor's library: only its documentation tells.`,
		`A message damaged on the way or when it was captured: then the row of decode shows anomalies beside it, and the number does not come again.`,
	},
	Fix: []string{
		`Look the number up at IANA (Kerberos Parameters, Encryption Type Numbers), and find the program on the client that sends it: the frames tell its address`,
		`MIT and Heimdal: permitted_enctypes in krb5.conf lists what the library offers`,
	},
	Refs:     []string{"RFC 3961 §8", "RFC 4120 §7.5.7", "[MS-KILE] §2.2.8"},
	Since:    "0.1.0",
	Severity: Note,
	Check:    checkUnknownEtypeSeen,
}

func checkUnknownEtypeSeen(c *Case) []Finding {
	unknown := func(list []int32) []int32 {
		return slices.DeleteFunc(slices.Clone(list), func(e int32) bool { return e == 0 || etypeName(e) != "" })
	}
	seen := func(r *Record) (list []int32) {
		list = unknown(r.Req.Etypes)
		for _, f := range []*Failure{r.Hint, r.Error} {
			if f != nil {
				list = append(list, unknown(etypesOf(f.Info2))...)
			}
		}
		for _, t := range []*TicketRef{r.Issued, r.Presented} {
			if t != nil {
				list = append(list, unknown([]int32{t.Etype})...)
			}
		}
		return list
	}
	var found []Finding
	var rows []*Row
	var numbers []int32
	for _, w := range c.Rows() {
		list := seen(w.Record())
		if len(list) == 0 {
			continue
		}
		rows = append(rows, w)
		for _, e := range list {
			if !slices.Contains(numbers, e) {
				numbers = append(numbers, e)
			}
		}
	}
	if len(rows) == 0 {
		return nil
	}
	f := c.about(rows, "etypes", "hint.etype_info2", "issued.etype", "ticket.etype")
	f.Severity, f.Confidence = Note, Certain
	slices.Sort(numbers)
	f.Summary = fmt.Sprintf("%s with encryption types that are in no registry: %v (%s).", plural(total(rows), "exchange"), numbers, c.whoAll(rows))
	f.Cause = "A newer or private encryption type. How strong it is cannot be told from its number."
	return append(found, f)
}
