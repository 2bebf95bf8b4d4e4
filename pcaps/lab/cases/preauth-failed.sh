# A user types a wrong password.
if fault; then
	SHOWS="alice's preauthentication fails twice at dc1: KDC_ERR_PREAUTH_FAILED (24), no success"
	PROVES="24 after an encrypted timestamp: the client's key is wrong"
	record_on mailbox.pcapng dc1.pcap
	want 1 user_logon mailbox alice Wrong-Password-1
	sleep 1
	want 1 user_logon mailbox alice Wrong-Password-2
else
	SHOWS="preauth-failed with the right password"
	PROVES="25 and 52 on the way are steps, not errors"
	record_on mailbox.pcapng dc1.pcap
	user_logon mailbox alice
	sleep 1
	user_logon mailbox alice
fi
record_end
