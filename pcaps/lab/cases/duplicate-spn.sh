# One SPN on two accounts.
if fault; then
	SHOWS="HTTP/files.contoso.com is registered on HUB-1\$ and on svc-web: KDC_ERR_PRINCIPAL_NOT_UNIQUE (8), HTTP stays 401"
	MADE="a relay on dc1 (relay.sh)"
	CHANGED="the error-code, 7 as Samba answers to a duplicate, was made 8 (RFC 4120 section 7.5.9) by a relay on dc1 before the KRB-ERROR left; captures untouched"
	PROVES="8 names the duplicate"
	samdb spn-twice HTTP/files.contoso.com 'HUB-1$' svc-web
	afterwards "samdb spn-none HTTP/files.contoso.com"
	relay_at_kdc code 7 8
	status=401
else
	SHOWS="duplicate-spn with the SPN on HUB-1\$ alone"
	PROVES="an SPN on one account is no finding"
	samdb spn-add 'HUB-1$' HTTP/files.contoso.com
	afterwards "samdb spn-delete 'HUB-1$' HTTP/files.contoso.com"
	status=200
fi

record_on mailbox.pcapng hub.pcapng dc1.pcap
machine_logon mailbox
http $status files.contoso.com
record_end
