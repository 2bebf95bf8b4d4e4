# dc2 knows RC4 only, as a Windows Server 2003 DC would; dc1 knows AES.
dc2_synced
if fault; then
	SHOWS="dc1 answers alice with AES; dc2 answers the same client's lists (18, 17, 23) for alice and MAILBOX-1\$ with RC4 alone: ETYPE-INFO2, replies, tickets"
	PROVES="the DC is the odd one: the account that dc1 serves with AES gets RC4 from dc2"
else
	SHOWS="kdc-offers-no-aes with AES switched on at dc2"
	PROVES="two DCs that both answer with AES are no finding"
	dc2_knows aes
fi

record_on mailbox.pcapng hub.pcap dc1.pcapng dc2.pcap
user_logon mailbox alice
http 200
cold
KDC=dc2.contoso.com krb5_conf mailbox
user_logon mailbox alice
http 200
cold
machine_logon mailbox
smtp 0 25 auth
smtp 0 2525 x-exps
record_end
