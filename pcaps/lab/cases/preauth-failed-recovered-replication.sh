# no twin: that of preauth-failed-recovered is its twin too.
SHOWS="gina's password was changed at dc1 and dc2 has not heard of it: dc2 refuses the new one twice with KDC_ERR_PREAUTH_FAILED (24), dc1 takes it a second later"
PROVES="which KDC refused and which accepted: not one that a user mistyped at alone, but perhaps one that replication has not reached"
dc2_knows aes
on dc1 samba-tool user create gina Lab-User-1 >>"$STATE/share/case.log" 2>&1
afterwards "on dc1 samba-tool user delete gina >/dev/null 2>&1"
dc2_synced
on dc2 nft 'add table inet lab; add chain inet lab i { type filter hook input priority 0; }; add chain inet lab o { type filter hook output priority 0; }; add rule inet lab i ip saddr 10.77.0.10 drop; add rule inet lab o ip daddr 10.77.0.10 drop; add rule inet lab i ip6 saddr fd77::10 drop; add rule inet lab o ip6 daddr fd77::10 drop'
afterwards "on dc2 nft delete table inet lab"
samdb password gina Lab-User-2
afterwards krb5_conf mailbox

record_on mailbox.pcapng hub.pcap
KDC=dc2.contoso.com krb5_conf mailbox
want 1 user_logon mailbox gina Lab-User-2
want 1 user_logon mailbox gina Lab-User-2
KDC=dc1.contoso.com krb5_conf mailbox
user_logon mailbox gina Lab-User-2
http 200
record_end
