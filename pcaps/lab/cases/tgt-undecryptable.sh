# The KDC's own key is changed at one DC, and the other one has not heard of it.
dc2_knows aes
dc2_synced
if fault; then
	SHOWS="the krbtgt key is changed on dc1 while replication is cut: dc2 cannot decrypt the TGT that alice got from dc1 afterwards, KRB_AP_ERR_BADKEYVER (44)"
	PROVES="a TGT of one DC refused by another: they do not share the krbtgt key"
	in_switch nft 'add table bridge lab; add chain bridge lab f { type filter hook forward priority 0; }; add rule bridge lab f ip saddr { 10.77.0.10, 10.77.0.11 } ip daddr { 10.77.0.10, 10.77.0.11 } drop; add rule bridge lab f ip6 saddr { fd77::10, fd77::11 } ip6 daddr { fd77::10, fd77::11 } drop'
	afterwards "dc2_synced"
	afterwards "in_switch nft delete table bridge lab"
	got=1
else
	SHOWS="tgt-undecryptable with replication at work"
	PROVES="a krbtgt key may be changed when all DCs learn it"
	got=0
fi
samdb password krbtgt "Lab-Krbtgt-$RANDOM"
fault || dc2_synced

record_on mailbox.pcapng dc1.pcap dc2.pcap
user_logon mailbox alice
KDC=dc2.contoso.com krb5_conf mailbox
want $got on mailbox kvno smtp/hub-1.contoso.com
record_end
