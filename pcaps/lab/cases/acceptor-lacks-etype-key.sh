# The keytab of one process on the hub has the RC4 key alone; dc2 issues RC4 tickets, dc1 AES256.
dc2_synced
if fault; then
	SHOWS="hub:2525 accepts an RC4 ticket of dc2 and refuses, twice, an AES256 ticket of dc1 with the same kvno: KRB_AP_ERR_BADKEYVER (44)"
	PROVES="one encryption type opens and the other does not, at one acceptor and one kvno: its keytab lacks the AES256 key"
	on hub python3 /lab/keytab.py only /etc/keytabs/truth.keytab /etc/keytabs/xexps.keytab 23
	refused=1
else
	SHOWS="acceptor-lacks-etype-key with all keys in the keytab and AES switched on at dc2"
	PROVES="tickets of two DCs for one service, both accepted, are no finding"
	dc2_knows aes
	refused=0
fi
SECRETS="hub.keytab: the keys of the process at hub:2525 (lab secrets only)"
KDC=dc2.contoso.com krb5_conf mailbox

record_on mailbox.pcapng hub.pcap dc1.pcap dc2.pcap
machine_logon mailbox
smtp 0 2525 x-exps
cold
krb5_conf mailbox
machine_logon mailbox
smtp $refused 2525 x-exps
smtp $refused 2525 x-exps
record_end
keep_keytab xexps
