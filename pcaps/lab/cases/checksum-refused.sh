# A hand-made client whose TGS-REQ has no checksum over its body.
MADE="python3-impacket 0.10"
record_on mailbox.pcapng dc1.pcap
if fault; then
	SHOWS="a client of its own make logs on as alice and asks for HTTP/hub-1.contoso.com without a checksum in the authenticator: KRB_AP_ERR_INAPP_CKSUM (50)"
	PROVES="ticket and authenticator were decrypted, the checksum is what is missed"
	want 1 on mailbox python3 /lab/no_checksum.py "${IP4[dc1]}" CONTOSO.COM alice "${PASSWORD[alice]}" HTTP/hub-1.contoso.com
else
	SHOWS="checksum-refused with MIT's client, which makes the checksum"
	PROVES="a TGS-REQ with its checksum is no finding"
	user_logon mailbox alice
	want 0 on mailbox kvno HTTP/hub-1.contoso.com
fi
record_end
