# A filter between client and DC drops port 88.
if fault; then
	SHOWS="nothing that mailbox-1 sends to dc1:88 is answered, UDP requests repeated and TCP SYNs unanswered, while DNS on the same host answers"
	PROVES="unanswered requests and SYNs at the client, absent at the DC: lost on the way"
	in_switch nft 'add table bridge lab; add chain bridge lab f { type filter hook forward priority 0; }; add rule bridge lab f udp dport 88 drop; add rule bridge lab f tcp dport 88 drop'
	afterwards "in_switch nft delete table bridge lab"
	got=1
else
	SHOWS="kdc-unreachable without the filter"
	PROVES="an answered KDC is no finding"
	got=0
fi

record_on mailbox.pcapng dc1.pcap
want $got machine_logon mailbox
record_end
