# A user mistypes a password, and then does not.
if fault; then
	SHOWS="alice mistypes her password: KDC_ERR_PREAUTH_FAILED (24); two seconds later she is logged on"
	PROVES="24 with a success after it is a note"
else
	SHOWS="preauth-failed-recovered with the right password at once"
	PROVES="a logon after a logon is no finding"
fi

record_on mailbox.pcapng dc1.pcap
if fault; then
	want 1 user_logon mailbox alice Wrong-Password-1
	sleep 2
fi
user_logon mailbox alice
record_end
