# A postdated TGT for an account that may have none.
MADE="MIT krb5kdc"
mit_up
mit_conf mailbox
kadm EXAMPLE.ORG "modprinc -allow_postdated carol"
if fault; then
	SHOWS="carol asks an MIT KDC for a TGT that begins in an hour: KDC_ERR_CANNOT_POSTDATE (10)"
	PROVES="an error that no other rule speaks about is told with what RFC 4120 says of it"
	record_on mailbox.pcapng mit.pcap
	want 1 carol mailbox -s 1h
else
	SHOWS="krb-error with a TGT that begins now"
	PROVES="an ordinary logon is no finding"
	record_on mailbox.pcapng mit.pcap
	carol mailbox
fi
record_end
