# The client's first DC is gone, the second one answers.
dc2_synced
if fault; then
	SHOWS="nothing that mailbox-1 sends to dc2 is answered; each question goes to dc1 a second or two later, and mail is taken in the end"
	PROVES="silence of one KDC and the same question answered by another: a delay, not an outage"
	in_switch nft 'add table bridge lab; add chain bridge lab f { type filter hook forward priority 0; }; add rule bridge lab f ip daddr 10.77.0.11 drop; add rule bridge lab f ip6 daddr fd77::11 drop'
	afterwards "in_switch nft delete table bridge lab"
else
	SHOWS="kdc-failover with dc2 there, and AES switched on at it"
	PROVES="the first DC of a list answers: no finding"
	dc2_knows aes
fi
KDC="dc2.contoso.com dc1.contoso.com" krb5_conf mailbox

record_on mailbox.pcapng hub.pcap dc1.pcap
machine_logon mailbox
smtp 0 25 auth
record_end
