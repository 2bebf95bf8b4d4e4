# A client that offers AES alone meets the DC that knows RC4 alone.
dc2_synced
if fault; then
	SHOWS="mailbox-1 offers 18, 17 to dc2, which knows RC4 only: KDC_ERR_ETYPE_NOSUPP (14), no ticket"
	PROVES="14 and no success afterwards: no etype in common at that KDC"
else
	SHOWS="etype-nosupp with AES switched on at dc2: the same client gets its ticket and uses it"
	PROVES="an AES-only client is no finding"
	dc2_knows aes
fi
KDC=dc2.contoso.com krb5_conf mailbox 'permitted_enctypes = aes256-cts aes128-cts'

if fault; then
	record_on mailbox.pcapng dc2.pcap # the hub sees nothing of it
	want 1 machine_logon mailbox
	sleep 1
	want 1 user_logon mailbox alice
else
	record_on mailbox.pcapng dc2.pcap hub.pcap
	machine_logon mailbox
	smtp 0 25 auth
fi
record_end
