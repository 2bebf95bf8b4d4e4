# A user whom the KDC does not know.
if fault; then
	SHOWS="somebody logs on as alize: dc1 answers KDC_ERR_C_PRINCIPAL_UNKNOWN (6)"
	PROVES="6 to an AS-REQ: the name is wrong"
	record_on mailbox.pcapng dc1.pcap
	want 1 user_logon mailbox alize Lab-Alice-1
else
	SHOWS="client-unknown with the right name"
	PROVES="a known name is no finding"
	record_on mailbox.pcapng dc1.pcap
	user_logon mailbox alice
fi
record_end
