package analyze

import (
	"fmt"
	"net/netip"
	"slices"
)

// keyFaultOneIdentity: one process of the host cannot open what another one can.
var keyFaultOneIdentity = &Rule{
	ID:    "key-fault-one-identity",
	Title: "One service on the host has a wrong key, another one on the same host has the right one",
	Doc: `A ticket was refused at one endpoint of a host, and accepted at another endpoint of the same host: the very same ticket (same cipher,
compared by hash), or a ticket for another service name of that host with the same etype and kvno, refused while fresh.
NetworkService and LocalSystem on a Windows server are the same Active Directory account; so are two daemons with the host's keytab. The
acceptance therefore clears the account, the service name, the kvno, the DC that issued the ticket, the clocks and the client.
What is left is the key that the refusing process, or the logon session it runs in, uses.

With another service name the names must be ones that belong to the computer's account as a rule (HOST, cifs, SMTP, Exchange's), and the finding
is "likely". Certain: the very same ticket, accepted between two refusals or within a minute after one, and the refusal is a Kerberos error that
only a failed decryption gives (31, 41, 44, 45), or a keytab of that process proves it. Likely: the refusing carrier gave no Kerberos error (535, 401, STATUS_LOGON_FAILURE), because a policy
says no in the same words. Possible: the acceptance was of another service name, or a keytab given opens the ticket that the
carrier refused.`,
	Rivals: []string{
		`The service's key was changed between the acceptance and the refusal (password rotation, a new keytab): excluded when the acceptance comes between two refusals or right after one; else the finding is "likely", and with 44 or 45 after an acceptance it is not made.`,
		`Different accounts behind the two endpoints: the very same ticket is encrypted to one account, the one that the accepting service runs as. A service that runs as another (an application pool's or service account) lacks that key, on every host: step 1 shows it. With "another service name, same etype and kvno" the two names may be on two accounts as well, and the confidence is lower.`,
		`A policy or authorization rule refuses the user at that endpoint: answers no Kerberos error, so without 31, 41, 44 or 45 the finding is "likely" at most.`,
		`A replay: the second use of an authenticator is refused with 34, which proves that the ticket was decrypted; such a refusal is not counted.`,
		`A service that keeps an old keytab while the rest of the host has the new one: the same fault at the same place; "acceptor-lacks-key" then names what is missing (44, 45).`,
		`The clock of one virtual machine behind a load balancer's address: the acceptor checks decryption before time, so a 37 is not counted here.`,
	},
	Fix: []string{
		`On HOST, the service's host, see which account the refusing service runs as: Get-CimInstance Win32_Service | where ProcessId -in (Get-NetTCPConnection -LocalPort PORT -State Listen).OwningProcess | select Name,StartName (2008: netstat -ano, sc.exe qc NAME; IIS: the pool's identity; RPC ports change at a restart). Linux: ss -ltnp "sport = :PORT"`,
		`If it is NT AUTHORITY\NetworkService: run it once, as a test, as LocalSystem, which may do more: sc.exe config NAME obj= LocalSystem, Restart-Service NAME (clients lose their connections). If that works, the keys of that logon session are at fault, not Active Directory: put it back, and go on (only Windows 7 and Server 2008 R2: the update KB2566059 is reported to mend it)`,
		`If it is a domain account that does not carry SPN (setspn -Q SPN): it cannot have the key. Run the service as the account that carries the name, or give it a host name of its own in DNS, with setspn -S for its account. Do not move SPN: the service that accepts it needs it where it is`,
		`Look for a forced encryption type, on this host and on the client: reg query HKLM\SYSTEM\CurrentControlSet\Control\Lsa\Kerberos\Parameters /v DefaultEncryptionType. Note the value, remove it: reg delete HKLM\SYSTEM\CurrentControlSet\Control\Lsa\Kerberos\Parameters /v DefaultEncryptionType /f, restart that machine (the host: all its services stop for that), and on the client, as administrator: klist purge, klist -li 0x3e7 purge, klist -li 0x3e4 purge`,
		`If it stays, and the service runs as NetworkService or LocalSystem: give the computer a new password, which Windows then hands to all its logon sessions: on HOST, Reset-ComputerMachinePassword -Server KDC-NAME -Credential DOMAIN\ADMIN in powershell.exe, not pwsh (2008: netdom resetpwd /s:DC /ud:DOMAIN\ADMIN /pd:*), and restart it. Keytabs of that computer account become stale with it`,
		`MIT and Samba services: compare the keytab of the refusing process with the other one's: klist -kteK FILE shows names, kvno, etypes (and the keys: keep that output secret); copy the right one, or on a Samba DC samba-tool domain exportkeytab FILE --principal=SPN; restart the service`,
		`Mended when the service that refused accepts a ticket`,
	},
	Undo: []string{
		`sc.exe config NAME obj= "NT AUTHORITY\NetworkService", then Restart-Service NAME, puts the service back`,
		`reg add HKLM\SYSTEM\CurrentControlSet\Control\Lsa\Kerberos\Parameters /v DefaultEncryptionType /t REG_DWORD /d OLDVALUE /f, when the value was there before, and restart`,
	},
	Events:   []Event{{Host: "service host", Log: "Security", ID: "4625", Meaning: "failed network logon with NULL SID, package Kerberos or Negotiate"}, {Host: "client", Log: "System", ID: "Kerberos 4", Meaning: "KRB_AP_ERR_MODIFIED with server and SPN"}, {Host: "service host", Log: "Application", ID: "MSExchangeTransport 1035", Meaning: "inbound authentication failed"}},
	Refs:     []string{"RFC 4120 §3.2.3 (order of the acceptor's checks)", "[MS-KILE] §3.4.5", "KB2566059 (Windows 7 and 2008 R2; text not public any more)", "KB837361 (DefaultEncryptionType)"},
	Since:    "0.1.0",
	Severity: Error,
	Check:    checkKeyFaultOneIdentity,
}

func checkKeyFaultOneIdentity(c *Case) []Finding {
	var found []Finding
	taken := c.taken()
	for _, group := range groupShowings(c.showings(refused), byShownService) {
		s, control := c.control(group)
		confidence := Likely
		same := control != nil
		if same {
			switch o := s.p.First.Opened; {
			case !sameTime(s, *control):
			case keyRefused(s.p.First), keytabProves(s.p.First):
				confidence = Certain
			case o != nil && o.Key != "":
				confidence = Possible // the keytab given opens it: a policy is as good an explanation
			}
		} else {
			s, control = c.otherNameTaken(taken, group)
			if control == nil || !hostsOwn(s.life, control.life) {
				continue // key-mismatch tells both explanations
			}
		}
		r, ok := s.p.First, control.p.First
		f := c.aboutShowings(group, "ticket.hash", "ticket.etype", "ticket.kvno", "error_code", "carrier_result.code")
		f.Confidence = confidence
		f.FaultAt = []Fault{c.faultServer(r)}
		c.cite(&f, ok, "ticket.hash", "ticket.etype", "ticket.kvno", "ap_rep", "carrier_result.code")
		if s.life.Issued != nil {
			c.cite(&f, s.life.Issued, "issued.etype", "issued.kvno")
		}
		here, there := c.server(r.To), c.server(ok.To)
		name := s.life.SName
		if same {
			f.Summary = fmt.Sprintf("%s refused the ticket for %s (%s) %s with %s; %s accepted the very same ticket.",
				here, name, ticketText(&s.life.TicketRef), nTimes(shownTimes(group)), refusalText(r), there)
			f.Cause = fmt.Sprintf("Account, service name, key version, DC, clocks and client are right: %s proves it with the same ticket. Wrong is the key that the process behind %s, or the logon session it runs in, uses.", there, here)
		} else {
			f.Summary = fmt.Sprintf("%s refused the ticket for %s (%s) %s with %s; %s accepted one for %s with the same etype and kvno.",
				here, name, ticketText(&s.life.TicketRef), nTimes(shownTimes(group)), refusalText(r), there, control.life.SName)
			f.Cause = fmt.Sprintf("Both names seem to belong to one account, whose key %s uses rightly; then the process behind %s has a wrong one. If %s is registered on another account that happens to have the same kvno, that is the cause instead: setspn -Q tells.", there, here, name)
		}
		switch {
		case same && !sameTime(s, *control):
			f.Cause += fmt.Sprintf(" But %s accepted it at another time, %s: if the service's key was changed in between, the ticket or the refusing process is merely behind.", there, howFarOff(ok, r))
			f.CaptureNext = []string{fmt.Sprintf("Present the same ticket to both services again, one right after the other: %s and %s.", there, here)}
		case same && confidence != Certain:
			f.Cause += " The refusal carries no Kerberos error, so a policy of that service that refuses this client is not excluded."
			f.CaptureNext = []string{"Give kerbscope the keytab of the refusing service (--keytab), or read that service's own log at the time of the refusal."}
		case confidence == Certain:
			f.CaptureNext = []string{fmt.Sprintf("Capture on %s while that service runs as the account, or with the keytab, of the one that accepts (%s). If it refuses then too, the key is not the reason.", c.HostName(r.To.Addr()), there)}
		}
		f.Cause += c.anonymousNote(r.To)
		f.fill = []string{"HOST", c.HostName(r.To.Addr()), "PORT", fmt.Sprint(r.To.Port()), "SPN", name}
		if s.life.Issued != nil {
			f.fill = append(f.fill, "KDC-NAME", c.HostName(s.life.Issued.To.Addr()))
		}
		found = append(found, f)
	}
	for i := range found {
		if also := c.refusedToo(found, i); len(also) > 0 {
			found[i].Cause += fmt.Sprintf(" %s refused that ticket too: same steps.", join(also, 4))
		}
	}
	return found
}

// refusedToo are other endpoints of the host with a finding about a ticket of
// the i-th one.
func (c *Case) refusedToo(found []Finding, i int) (also []string) {
	at, err := netip.ParseAddrPort(found[i].Subject.Server)
	if err != nil {
		return nil
	}
	for _, o := range found {
		to, err := netip.ParseAddrPort(o.Subject.Server)
		if err == nil && to != at && c.SameHost(to.Addr(), at.Addr()) && slices.ContainsFunc(o.Subject.Tickets, func(h string) bool { return slices.Contains(found[i].Subject.Tickets, h) }) {
			also = addOnce(also, c.server(to))
		}
	}
	return also
}

// control finds the refused ticket of the group that another endpoint of the
// same host accepted, and that acceptance. One refused with a KRB-ERROR is
// preferred, and an acceptance at the same time.
func (c *Case) control(group []showing) (best showing, by *showing) {
	most := 0
	for _, s := range group {
		for _, p := range s.life.Presented {
			a := showing{s.life, p}
			if !accepted(s.life, p) || p.To == s.p.To || !c.SameHost(p.To.Addr(), s.p.To.Addr()) || keyGone(s, a) {
				continue
			}
			if !sameTime(s, a) && tookBefore(s) {
				continue // what changed is the time, not the identity
			}
			worth := 1
			if keyRefused(s.p.First) {
				worth += 2
			}
			if sameTime(s, a) {
				worth += 4
			}
			if worth > most {
				most, best, by = worth, s, &a
			}
		}
	}
	return best, by
}

// tookBefore tells that the endpoint accepted the very ticket before it
// refused it.
func tookBefore(s showing) bool {
	for _, p := range s.life.Presented {
		if p.To == s.p.To && accepted(s.life, p) && p.First.Start < s.p.First.Start {
			return true
		}
	}
	return false
}

// howFarOff tells how far an acceptance is from a refusal, in words.
func howFarOff(accepted, refused *Record) string {
	if accepted.Start < refused.Start {
		return seconds(refused.Start-accepted.Start) + " before"
	}
	return seconds(accepted.Start-refused.Start) + " later"
}

// hostOwned are the service classes that belong to the computer's own account
// as a rule: HOST and what it stands for ([MS-ADTS] §3.1.1.3.1.1, sPNMappings),
// SMTP and Exchange's. HTTP and MSSQLSvc often stand on accounts of their own.
var hostOwned = map[string]bool{
	"host": true, "cifs": true, "smtp": true, "smtpsvc": true, "ldap": true, "rpc": true, "rpcss": true, "dns": true, "gc": true, "termsrv": true,
	"wsman": true, "restrictedkrbhost": true, "spooler": true, "nfs": true, "imap": true, "pop": true, "exchangemdb": true, "exchangerfr": true, "exchangeab": true,
}

// hostsOwn tells that both tickets are for names of the computer's account.
func hostsOwn(a, b *TicketLife) bool {
	return hostOwned[spnClass(a.SName)] && hostOwned[spnClass(b.SName)]
}

// siblingNote names, for a refused ticket, another service of the same host
// name whose ticket of the same etype and kvno was accepted there: what it
// means for the refusal depends on whose account carries the names.
func (c *Case) siblingNote(taken taken, r *Record) string {
	t := c.lifeOf(r.Presented)
	if t == nil {
		return ""
	}
	for _, a := range taken.sameHostName(showing{life: t}) {
		if !sameKeyName(t, a.life) || hostsOwn(t, a.life) || !c.SameHost(a.p.To.Addr(), r.To.Addr()) || a.p.To == r.To {
			continue
		}
		return fmt.Sprintf(" %s accepted a ticket for %s with the same etype and kvno: if both names belong to one account, the process behind %s alone has a wrong key; if %s is registered on another account, that is the cause (setspn -Q tells).",
			c.server(a.p.To), a.life.SName, c.server(r.To), t.SName)
	}
	return ""
}

const fresh = int64(300e9)

// otherNameTaken finds a fresh ticket of the group that was refused with a
// KRB-ERROR, while a ticket for another name of the same host with the same
// etype and kvno was accepted at another endpoint of it; not at the same one:
// that process then holds the host's key, and the names differ in account.
func (c *Case) otherNameTaken(taken taken, group []showing) (showing, *showing) {
	for _, s := range kinds(group) {
		t := s.life
		if code := s.p.First.code(); code != errBadIntegrity && code != errModified {
			continue
		}
		if t.Issued == nil || s.p.First.Start-t.issuedAt() > fresh || t.KVNO == nil || spnHost(t.SName) == "" {
			continue
		}
		var control *showing
		for _, a := range taken.sameHostName(s) {
			if !sameKeyName(t, a.life) || !c.SameHost(a.p.To.Addr(), s.p.To.Addr()) {
				continue
			}
			if a.p.To == s.p.To {
				control = nil
				break
			}
			if control == nil {
				control = &a
			}
		}
		if control != nil {
			return s, control
		}
	}
	return showing{}, nil
}

// sameKeyName tells two tickets for different services of one host name with
// the same etype and kvno.
func sameKeyName(a, b *TicketLife) bool {
	return a.Etype == b.Etype && a.KVNO != nil && b.KVNO != nil && *a.KVNO == *b.KVNO && a.Realm == b.Realm && !samePrincipal(a.SName, b.SName) &&
		spnHost(a.SName) != "" && spnHost(a.SName) == spnHost(b.SName)
}

// keytabProves tells a refused ticket that the service's keytab should open and does not.
func keytabProves(r *Record) bool {
	return r.Opened != nil && (r.Opened.Misfit || r.Opened.Lacks)
}
