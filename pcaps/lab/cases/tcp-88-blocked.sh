# A filter between client and DC drops TCP 88; the reply is too big for UDP.
krb5_conf mailbox 'udp_preference_limit = 32000'
if fault; then
	SHOWS="dc1 answers mailbox-1 over UDP with KRB_ERR_RESPONSE_TOO_BIG (52); the TCP connections that follow, over IPv4 and IPv6, are not answered"
	PROVES="52 and then SYNs without an answer: TCP 88 is blocked, not the KDC down"
	in_switch nft 'add table bridge lab; add chain bridge lab f { type filter hook forward priority 0; }; add rule bridge lab f tcp dport 88 drop'
	afterwards "in_switch nft delete table bridge lab"
	got=1
else
	SHOWS="tcp-88-blocked without the filter"
	PROVES="52 and then TCP with success is no finding"
	got=0
fi

record_on mailbox.pcapng dc1.pcap
want $got machine_logon mailbox
record_end
