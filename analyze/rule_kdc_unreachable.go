package analyze

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"kerbscope/decode"
)

// kdcUnreachable: a KDC was asked, and nothing came back.
var kdcUnreachable = &Rule{
	ID:    "kdc-unreachable",
	Title: "A KDC does not answer",
	Doc: `A client sent requests to port 88 of this KDC, or tried to connect to it, and no answer came back:
the same request is sent again, a SYN stays without SYN-ACK, or an ICMP error or a RST says that nobody is there.
The rule speaks only where the capture would have shown the answer. A password change (port 464) without an answer counts too.

It states what happened at this point of the network. Whether the request was lost on the way, or reached the
DC and was ignored there, only a capture at the DC can tell.`,
	Rivals: []string{
		`A KDC that is asked for a realm that it does not serve: MIT's says nothing, and closes a TCP connection; realms are told apart by capital letters.`,
		`The answer is lost for its size, smaller ones pass (a smaller MTU on the way): then the exchange began with answers, and captures at both ends show the answer at one of them.`,
		`The answer took a way that the capture does not see (asymmetric routing, a second network card, a span port of one direction): a client that sends the same again had no answer; without that the rule is silent when no packet to the client is in view.`,
		`The KDC is slow, not dead: a late answer makes it an answered exchange, which kdc-slow judges.`,
		`Only UDP is lost: when the same request is answered over TCP, kdc-udp-unanswered says so instead.`,
		`A firewall or the KDC host itself drops the packet: cannot be told apart at the client; likely the network when other ports of the same host answer.`,
	},
	Fix: unreachableSteps,
	Events: []Event{
		{Host: "client", Log: "System", ID: "NETLOGON 5719", Meaning: "no domain controller could be reached"},
		{Host: "DC", Log: "System", ID: "Service Control Manager 7036", Meaning: "the Kerberos Key Distribution Center service stopped or started"},
	},
	Refs:     []string{"RFC 4120 §7.2", "[MS-KILE] §3.2.5 (retry after about 5 s and growing, product note)"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkKDCUnreachable,
}

func checkKDCUnreachable(c *Case) []Finding {
	var found []Finding
	for _, s := range c.silences() {
		if s.answeredBy != nil || !s.plain() || c.toldTCP(s) {
			continue
		}
		var f Finding
		if len(s.records) > 0 {
			f = c.aboutRecords(s.records, "request", "sname")
		} else {
			f = c.aboutSilence(s)
		}
		f.Count = s.count()
		f.Subject.ClientIP, f.Subject.KDC = s.client.String(), s.kdc.Addr().String()
		f.KDC = &Endpoint{s.kdc.Addr().String(), s.kdc.Port()}
		if f.Subject.Client == "" {
			f.Client = s.client.String()
		}
		for _, g := range s.sightings {
			c.citeSighting(&f, g)
		}
		f.Confidence = Certain
		f.Severity = Error
		if s.laterOK {
			f.Severity = Warning
		}
		if !s.answerable() {
			f.Confidence, f.Severity = Likely, Warning
		}
		kdc := c.HostName(s.kdc.Addr())
		did := "did not answer"
		if s.refusedSYN() {
			did = "refused"
		}
		f.Summary = fmt.Sprintf("%s %s %s: %s.", kdc, did, c.HostName(s.client), s.what())
		f.Cause = "At this point of the network no answer was seen. The KDC is down or unreachable, or a firewall on the way drops requests or answers; a capture at the KDC would tell."
		said, first := c.byICMP(s)
		switch open := s.opened(); {
		case said != "":
			f.Cause = said
			if first != "" {
				f.Fix = fillIn(append([]string{first}, unreachableSteps...), []string{"KDC-NAME", kdc})
			}
		case s.refusedSYN():
			f.Cause = "The host is there and refuses the connection: the KDC service does not run, or a firewall rejects port 88."
		case s.begun():
			f.Cause = "The KDC is there: it answered the beginning of the same exchange, with a smaller message. The KDC hangs, or its large answers are lost on the way: a VPN or tunnel with a smaller MTU that tells nobody, or a filter."
			f.Fix = fillIn(append(slices.Clone(largeSteps), unreachableSteps...), []string{"KDC-NAME", kdc})
		case open != nil && s.laterOK:
			f.Cause = "The connection to port 88 opened and the request was sent; the KDC, which answered this client at other times, said nothing: it hangs, or its answer was lost on the way."
		case open != nil:
			f.Cause = fmt.Sprintf("The connection to port 88 opened and the request was sent, so something listens there, and it said nothing. KDCs (MIT's) keep silent about a realm that they do not serve: does this one serve %s? Else it hangs, or its answers are lost on the way.", open.Req.Realm)
			if open.Req.Realm != strings.ToUpper(open.Req.Realm) {
				f.Cause += fmt.Sprintf(" Realms are told apart by capital letters, and nearly all have nothing else: %s is probably meant.", strings.ToUpper(open.Req.Realm))
			}
		}
		if !s.answerable() {
			f.Cause += " No packet to the client is in view at all: what other KDCs answered it cannot be seen."
		}
		f.fill = []string{"KDC-NAME", kdc}
		f.CaptureNext = []string{"Capture at the KDC at the same time: if the request arrives there, look at the KDC; if not, at the network between."}
		found = append(found, f)
	}
	return append(append(found, c.answersLost()...), c.passwordSilences()...)
}

// passwordSilences are changes of a password (port 464, RFC 3244) that nobody
// answered, over UDP nor TCP.
func (c *Case) passwordSilences() []Finding {
	var silent, heard []*Record
	for _, r := range c.Records() {
		switch {
		case r.Kind != decode.Password:
		case r.Ending == decode.Unanswered:
			silent = append(silent, r)
		case r.Reply != nil || r.Error != nil:
			heard = append(heard, r)
		}
	}
	silent = slices.DeleteFunc(silent, func(r *Record) bool {
		return slices.ContainsFunc(heard, func(x *Record) bool {
			return c.SameHost(x.From.Addr(), r.From.Addr()) && x.End >= r.Start && x.Start-r.Start <= windowsRetryTimeout
		})
	})
	var found []Finding
	for _, group := range groupRecords(silent, func(r *Record) string {
		if r.Client == "" {
			return r.From.Addr().String() + "|" + c.hostOf(r.To.Addr()).String()
		}
		return lower(r.Client) + "|" + c.hostOf(r.To.Addr()).String()
	}) {
		r := group[0]
		f := c.aboutRecords(group, "request", "ticket.sname")
		f.Count, f.Confidence, f.Severity, f.FaultAt = 0, Certain, Error, nil
		for _, r := range group {
			f.Count += 1 + uint64(r.Resent)
		}
		kdc := c.HostName(r.To.Addr())
		f.identity = fmt.Sprintf("%s %s:464", cmp.Or(lower(r.Client), r.From.Addr().String()), c.hostOf(r.To.Addr()))
		f.Summary = fmt.Sprintf("%s did not answer the password change of %s at port %d: %s without answer.", kdc, c.who(r), r.To.Port(), plural(f.Count, "request"))
		f.Cause = "The password was not changed. At this point of the network no answer was seen: a firewall between drops port 464 (kpasswd), often left out where 88 was opened, or the service does not run there."
		f.fill = []string{"KDC-NAME", kdc}
		f.Fix = fillIn(passwordSteps, f.fill)
		found = append(found, f)
	}
	return found
}

var passwordSteps = []string{
	`Let firewalls between client and DC pass TCP and UDP 464 both ways; on the client: Test-NetConnection KDC-NAME -Port 464 (or PortQry -n KDC-NAME -e 464 -p both)`,
	`On the DC: Get-Service kdc, which answers 464 as well; MIT: kadmind runs on the admin server, and kpasswd_server or admin_server in krb5.conf names it; Samba: ss -lntu "sport = :464"`,
}

var unreachableSteps = []string{
	`On the client, see which DCs it finds and whether port 88 opens: nltest /dsgetdc:DOMAIN /force, then Test-NetConnection KDC-NAME -Port 88 (or PortQry -n KDC-NAME -e 88 -p both)`,
	`On the DC: Get-Service kdc, and dcdiag /test:Advertising; look whether the Windows Firewall rule group "Kerberos Key Distribution Center" is enabled`,
	`Let firewalls between client and DC pass TCP and UDP 88 both ways`,
	`A DC that is gone must leave DNS: remove its _kerberos._tcp SRV records (nltest /dsderegdns:FULL-DNS-NAME of that DC, or metadata cleanup with ntdsutil)`,
	`MIT: KRB5_TRACE=/dev/stderr kinit USER shows which KDC is tried; correct [realms] kdc = in krb5.conf. Samba: samba-tool drs showrepl and systemctl status samba-ad-dc on the DC`,
}

// largeSteps are for answers that get lost for their size.
var largeSteps = []string{
	`See which size passes: on the client ping -f -l 1372 KDC-NAME, and smaller (Linux: ping -M do -s 1372); where large ones vanish, correct the MTU or the MSS clamping of the tunnel or VPN between. As a trial on the client: netsh interface ipv4 set subinterface "Ethernet" mtu=1300 store=active`,
}

// answersLost are the answers that one capture holds and that did not come to
// the client by another, and after which the client had nothing.
func (c *Case) answersLost() []Finding {
	answers := c.answersOf(c.sameAsker())
	pieces := c.Sightings(decode.FragmentsLost)
	var list []*Record
	again := map[*Record]*Record{} // the same question, answered later
	for _, r := range c.Records() {
		if r.Kind != decode.AS && r.Kind != decode.TGS || !r.AnswerLost || answers.wentOn(r) || inPieces(pieces, r) {
			continue
		}
		if t := c.lifeOf(r.Issued); t != nil && len(t.Presented) > 0 {
			continue
		}
		for _, x := range answers.byQuestion[answers.question(r)] {
			if !x.AnswerLost && x.End >= r.Start && x.Start-r.Start <= windowsRetryTimeout {
				again[r] = x
				break
			}
		}
		if x := again[r]; x == nil || x.End-r.Start > int64(1e9) {
			list = append(list, r)
		}
	}
	var found []Finding
	for _, group := range groupRecords(list, func(r *Record) string {
		return fmt.Sprint(c.hostOf(r.From.Addr()), "|", c.hostOf(r.To.Addr()), again[r] == nil)
	}) {
		r := group[0]
		kdc, client := c.HostName(r.To.Addr()), c.HostName(r.From.Addr())
		f := c.aboutRecords(group, "request", "sname", "error_code", "issued.etype")
		f.Count, f.Confidence, f.Severity, f.FaultAt = uint64(len(group)), Certain, Error, nil
		f.Summary = fmt.Sprintf("%s answered %s, and the answer did not arrive there, %s.", kdc, client, nTimes(f.Count))
		if x := again[r]; x != nil {
			f.Severity = Note
			f.Summary = fmt.Sprintf("%s answered %s, and the answer did not arrive there, %s; what was asked again %s later was answered.", kdc, client, nTimes(f.Count), seconds(x.End-r.Start))
			c.cite(&f, x, "request", "issued.etype")
		}
		f.Cause = "One capture holds the answer, another, nearer to the client, holds both directions of that conversation and not the answer: it was lost on the way."
		if slices.ContainsFunc(group, (*Record).begun) {
			f.Cause += " Smaller messages of the same exchange came through: large packets are lost, as with a VPN or tunnel of a smaller MTU that tells nobody."
		}
		f.fill = []string{"KDC-NAME", kdc}
		f.Fix = fillIn(append(slices.Clone(largeSteps), unreachableSteps[2]), f.fill)
		found = append(found, f)
	}
	return found
}

// begun tells that the KDC answered the beginning of the exchange.
func (r *Record) begun() bool { return r.Hint != nil || r.TooBig.Frame != 0 }

func (s *silence) begun() bool {
	return slices.ContainsFunc(s.records, (*Record).begun)
}

// opened is a request that was sent over TCP: the connection opened.
func (s *silence) opened() *Record {
	for _, r := range s.records {
		if r.Transport == decode.TCP || r.Unheard.Frame != 0 {
			return r
		}
	}
	return nil
}

// toldTCP tells a silence that is of TCP only and begins where the same KDC, at
// whatever address, had told a client to use TCP: that is tcp-88-blocked.
func (c *Case) toldTCP(s *silence) bool {
	if len(s.records) > 0 {
		return false
	}
	told := c.toTCP()[c.hostID(s.kdc.Addr())]
	began := s.sightings[0].Time
	after := func(r *Record, at int64) int { return cmp.Compare(r.Start, at) }
	from, _ := slices.BinarySearchFunc(told, began-atOnce+1, after)
	for _, r := range told[from:] {
		if r.Start > began {
			break
		}
		if len(c.failedSYNs(r)) > 0 {
			return true
		}
	}
	return false
}

// toTCP are the exchanges after which a client turns to TCP, by hostID of the KDC.
func (c *Case) toTCP() map[any][]*Record {
	j := c.joined
	j.toTCPOnce.Do(func() {
		j.toTCP = map[any][]*Record{}
		for _, r := range c.Records() {
			cut := r.Transport == decode.UDP && r.Error != nil && r.Error.Code == 0
			if r.TooBig.Frame != 0 || r.code() == errResponseTooBig || cut {
				kdc := c.hostID(r.To.Addr())
				j.toTCP[kdc] = append(j.toTCP[kdc], r)
			}
		}
	})
	return j.toTCP
}
