# A filter between client and DC drops UDP port 88 and lets TCP pass.
if fault; then
	SHOWS="UDP requests of mailbox-1 to dc1:88 stay unanswered, the same over TCP are answered"
	PROVES="the KDC is there, UDP to it is lost on the way"
	in_switch nft 'add table bridge lab; add chain bridge lab f { type filter hook forward priority 0; }; add rule bridge lab f udp dport 88 drop'
	afterwards "in_switch nft delete table bridge lab"
else
	SHOWS="kdc-udp-unanswered without the filter"
	PROVES="an answered KDC is no finding"
fi

record_on mailbox.pcapng dc1.pcap
machine_logon mailbox
want 0 on mailbox kvno smtp/hub-1.contoso.com
record_end
