# A krb5.conf that lists RC4 before AES.
if fault; then
	SHOWS="mailbox-1 lists 23 before 18 and 17: the session keys are RC4, the tickets AES256"
	PROVES="the client's order chooses the session key"
	krb5_conf mailbox 'permitted_enctypes = rc4-hmac aes256-cts aes128-cts'
else
	SHOWS="client-prefers-rc4 with AES first"
	PROVES="RC4 at the end of the list is no finding"
fi
record_on mailbox.pcapng hub.pcap dc1.pcap
user_logon mailbox alice
smtp 0 2525 x-exps
record_end
