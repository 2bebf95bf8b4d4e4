# Every Kerberos process of the hub holds a wrong AES key of the right kvno.
if fault; then
	SHOWS="hub-1 answers KRB_AP_ERR_BAD_INTEGRITY (31) to fresh AES256 tickets over X-EXPS, HTTP Negotiate and DCE/RPC (auth_type 16 and 9)"
	PROVES="31 from the acceptor confirms that it cannot decrypt the ticket; no process accepts it, so which key is wrong stays open without the keytab"
	for s in xexps http rpc; do spoil $s 18; done
	refused=1 status=401
else
	SHOWS="key-mismatch with the right keys: X-EXPS, HTTP Negotiate and DCE/RPC all accepted"
	PROVES="no finding on the same traffic with the right key"
	refused=0 status=200
fi
SECRETS="hub.keytab: the keys of the three processes as they were (lab secrets only)"

record_on mailbox.pcapng hub.pcap dc1.pcap
machine_logon mailbox
smtp $refused 2525 x-exps
rpc $refused 51025 kerberos
http $status
rpc $refused 51025 spnego
smtp $refused 2525 x-exps --initial
record_end
keep_keytab xexps
