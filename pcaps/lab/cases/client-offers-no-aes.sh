# The client's etype lists, AS and TGS, are RC4 alone.
if fault; then
	SHOWS="mailbox-1 asks with etype list 23 alone in AS and TGS; RC4 preauthentication and session keys, AES256 tickets where the service has AES keys; everything still works"
	PROVES="the requested list, not the account or the KDC, leaves AES out: the tickets themselves are AES"
	krb5_conf mailbox 'default_tkt_enctypes = rc4-hmac' 'default_tgs_enctypes = rc4-hmac' 'permitted_enctypes = rc4-hmac'
else
	SHOWS="client-offers-no-aes with the usual list 18, 17, 23"
	PROVES="23 at the end of the list is no finding"
fi

record_on mailbox.pcap hub.pcapng dc1.pcap
machine_logon mailbox
smtp 0 25 auth
smtp 0 2525 x-exps
http 200
record_end
