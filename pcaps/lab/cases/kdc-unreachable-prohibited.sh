# no twin: that of kdc-unreachable is its twin too.
SHOWS="dc1's own packet filter rejects what mailbox-1 sends to port 88 with ICMP administratively prohibited, over UDP and TCP, IPv4 and IPv6"
PROVES="a filter at the KDC's host says so itself: the host answers, whether the KDC runs does not show"
on dc1 nft 'add table inet lab; add chain inet lab i { type filter hook input priority 0; }; add rule inet lab i ip saddr 10.77.0.30 meta l4proto { tcp, udp } th dport 88 reject with icmp type admin-prohibited; add rule inet lab i ip6 saddr fd77::30 meta l4proto { tcp, udp } th dport 88 reject with icmpv6 type admin-prohibited'
afterwards "on dc1 nft delete table inet lab"

record_on mailbox.pcapng
want 1 machine_logon mailbox
record_end
