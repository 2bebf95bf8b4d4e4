# Requests too large for the path, sent in fragments, and a device that drops the later ones.
krb5_conf mailbox 'udp_preference_limit = 32000'
afterwards 'mtu 1500'
if fault; then
	SHOWS="at MTU 576 the TGS-REQs of mailbox-1 go in fragments; all but the first are dropped on the way, dc1 tells by ICMP that it waited in vain, TCP works"
	PROVES="a datagram that misses fragments is lost as a whole; the client waits and turns to TCP"
	in_switch nft 'add table bridge lab; add chain bridge lab f { type filter hook forward priority 0; }; add rule bridge lab f ip frag-off & 0x1fff != 0 drop'
	afterwards "in_switch nft delete table bridge lab"
else
	SHOWS="udp-fragments-lost without the filter"
	PROVES="requests in fragments that arrive are no finding"
fi

on dc1 sysctl -qw net.ipv4.ipfrag_time=1 # instead of 30 s
afterwards 'on dc1 sysctl -qw net.ipv4.ipfrag_time=30'
mtu 576
record_on mailbox.pcapng dc1.pcap
machine_logon mailbox
want 0 on mailbox kvno smtp/hub-1.contoso.com
record_end 1.5
