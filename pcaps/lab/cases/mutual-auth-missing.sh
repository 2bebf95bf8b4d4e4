# A client that does not ask the service to prove itself.
if fault; then
	SHOWS="mailbox-1 presents its ticket to LDAP at dc1 without asking for mutual authentication, and is accepted without an AP-REP"
	PROVES="ap-options without mutual-required where the carrier usually has it"
	how=--no-mutual
else
	SHOWS="mutual-auth-missing with a client that asks"
	PROVES="an AP-REP is no finding"
	how=""
fi

record_on mailbox.pcapng dc1.pcap
machine_logon mailbox
# shellcheck disable=SC2086
want 0 on mailbox python3 /lab/ldap_client.py dc1.contoso.com $how
record_end
