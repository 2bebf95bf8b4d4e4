# A wrong key where the carrier does not say why: Postfix answers 535, a DCE/RPC acceptor bind_nak reason 9.
if fault; then
	SHOWS="hub-1 refuses fresh tickets without any KRB-ERROR: bare 535 from Postfix, bind_nak reason 9 from DCE/RPC"
	PROVES="a refusal alone does not name the key; with hub.keytab (right kvno, key does not open the ticket) it does"
	refused=1
	spoil postfix 18
	spoil rpc 18
	serve rpc --nak
else
	SHOWS="ap-refused with the right keys"
	PROVES="no finding on the same traffic with the right key"
	refused=0
fi
SECRETS="hub.keytab: the keys of the processes as they were (lab secrets only)"

record_on mailbox.pcapng hub.pcap dc1.pcap
machine_logon mailbox
smtp $refused 25 auth
rpc $refused 51025 kerberos
rpc $refused 51025 spnego
smtp $refused 25 auth --initial
record_end
keep_keytab postfix
