# The same token sent twice.
if fault; then
	SHOWS="mailbox-1 sends hub-1 the very AP-REQ of its first connection again in a second one: KRB_AP_ERR_REPEAT (34)"
	PROVES="34 with the same authenticator before it"
	record_on mailbox.pcapng hub.pcap dc1.pcap
	machine_logon mailbox
	want 1 on mailbox python3 /lab/smtp_client.py hub-1.contoso.com 2525 x-exps --again
else
	SHOWS="replay with a fresh AP-REQ in the second connection"
	PROVES="a ticket may be used twice, an authenticator not"
	record_on mailbox.pcapng hub.pcap dc1.pcap
	machine_logon mailbox
	smtp 0 2525 x-exps
	smtp 0 2525 x-exps
fi
record_end
