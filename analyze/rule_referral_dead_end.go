package analyze

import (
	"fmt"
	"net/netip"
	"slices"

	"kerbscope/decode"
)

// referralDeadEnd: from realm to realm, and no service at the end.
var referralDeadEnd = &Rule{
	ID:    "referral-dead-end",
	Title: "Referrals lead to a realm that does not have the service",
	Doc: `The client asked for a service, was referred to another realm (a TGS-REP with a ticket for krbtgt/OTHER), and the last realm asked answered that it does not know the name (7) or does not accept the path (28); or
the referrals went on for six steps and more. The first realm believes the name to be elsewhere: by name suffix routing, a host-to-realm mapping, or the DNS suffix.`,
	Rivals: []string{
		`The SPN is merely missing in the other realm: the referral was right, and the name must be registered there; the wire does not tell which of the two is meant.`,
		`The SPN is registered in the first realm under another form (short name): then a request for that form succeeds there.`,
		`Two forests claim the same name suffix: the trusts' routing tables tell.`,
	},
	Fix: []string{
		`In each realm on the way: setspn -Q SPN; register it where the service's account lives: setspn -S SPN ACCOUNT`,
		`See the routing of names: netdom trust THISREALM /domain:OTHERREALM /namesuffixes:OTHERREALM; ksetup on the client shows host-to-realm mappings (Group Policy "Define host name-to-Kerberos realm mappings")`,
		`MIT: [domain_realm] in krb5.conf of the client sends names to realms before any KDC is asked`,
	},
	Refs:     []string{"RFC 6806 §8, §9", "[MS-KILE] §3.3.5.7.5", "KB4492348"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkReferralDeadEnd,
}

// manyReferrals is how many steps no forest needs.
const manyReferrals = 6

const errPathNotAccepted = 28

func checkReferralDeadEnd(c *Case) []Finding {
	type asked struct {
		from  netip.Addr
		sname string
	}
	chains := map[asked][]*Record{}
	var order []asked
	for _, r := range c.Records() {
		if r.Kind != decode.TGS || r.Req.SName == "" || isTGT(r.Req.SName) {
			continue
		}
		k := asked{r.From.Addr(), lower(r.Req.SName)}
		if chains[k] == nil {
			order = append(order, k)
		}
		chains[k] = append(chains[k], r)
	}
	var found []Finding
	for _, k := range order {
		var steps []*Record
		for _, r := range chains[k] {
			if len(steps) > 0 && r.Start-steps[len(steps)-1].Start > atOnce {
				steps = nil
			}
			switch {
			case r.Ending == decode.OK && r.Issued != nil && isReferral(r.Issued.Principal()):
				steps = append(steps, r)
				if len(steps) != manyReferrals {
					continue
				}
			case len(steps) > 0 && !r.Healed && (r.code() == errServiceUnknown || r.code() == errPathNotAccepted) && r.Presented != nil && isReferral(r.Presented.Principal()):
				steps = append(steps, r)
			default:
				steps = nil
				continue
			}
			f := c.aboutRecords(steps, "sname", "issued.etype", "ticket.sname", "error_code")
			f.Count, f.Confidence, f.Severity = 1, Certain, Error
			f.Client, f.Subject.Client = steps[0].Client, steps[0].Client
			var realms []string
			for _, s := range steps {
				if s.Issued != nil {
					realms = addOnce(realms, otherRealm(s.Issued.Principal()))
				}
			}
			_, first := splitPrincipal(steps[0].Service)
			last := steps[len(steps)-1]
			f.FaultAt = nil
			f.Summary = fmt.Sprintf("%s was sent from %s to %s for %s, and %s answered %s.", c.who(r), first, join(realms, 4), serviceText(last), c.HostName(last.To.Addr()), codeText(last.code()))
			if last.code() == 0 {
				f.Summary = fmt.Sprintf("%s was sent from realm to realm %d times for %s: %s.", c.who(r), len(steps), serviceText(last), join(realms, 4))
			}
			f.Cause = "The realm that the names are routed to does not have the service name; or it is not registered there."
			f.fill = []string{"SPN", r.Req.SName, "THISREALM", first}
			if !slices.ContainsFunc(found, func(o Finding) bool { return o.Client == f.Client && o.Summary == f.Summary }) {
				found = append(found, f)
			}
			steps = nil
		}
	}
	return found
}
