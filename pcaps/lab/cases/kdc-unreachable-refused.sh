# no twin: that of kdc-unreachable is its twin too.
SHOWS="no KDC runs on dc1: ICMP port unreachable for UDP 88, RST for TCP 88"
PROVES="the host answers, the service does not: no firewall, a stopped KDC"
on dc1 nft 'add table inet lab; add chain inet lab i { type filter hook input priority 0; }; add rule inet lab i udp dport 88 reject; add rule inet lab i tcp dport 88 reject with tcp reset'
afterwards "on dc1 nft delete table inet lab"

record_on mailbox.pcapng dc1.pcap
want 1 machine_logon mailbox
sleep 1
want 1 machine_logon mailbox
record_end
