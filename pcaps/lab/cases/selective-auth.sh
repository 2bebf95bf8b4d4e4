# A KDC that lets a user not to every computer.
if fault; then
	SHOWS="alice asks for a ticket to HTTP/files.contoso.com and gets KDC_ERR_POLICY (12) with STATUS_AUTHENTICATION_FIREWALL_FAILED (0xC0000413)"
	MADE="a relay on dc1 (relay.sh)"
	CHANGED="the KRB-ERROR 7 of an unknown SPN was made 12 with that NTSTATUS in its e-data ([MS-KILE] section 2.2.1) by a relay on dc1 before it left; captures untouched"
	PROVES="the status names the reason: selective authentication"
	relay_at_kdc policy 7 0xC0000413
	status=401
else
	SHOWS="selective-auth with the service's SPN registered and no relay"
	PROVES="a ticket that is given is no finding"
	samdb spn-add 'HUB-1$' HTTP/files.contoso.com
	afterwards "samdb spn-delete 'HUB-1$' HTTP/files.contoso.com"
	status=200
fi

record_on mailbox.pcapng hub.pcapng dc1.pcap
user_logon mailbox alice
http $status files.contoso.com
record_end
