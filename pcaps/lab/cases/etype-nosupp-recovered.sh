# A client learns the encryption types that a service's account takes.
MADE="MIT krb5kdc"
MIT_ETYPES='aes256-cts-hmac-sha384-192:normal aes256-cts-hmac-sha1-96:normal'
mit_up
kadm EXAMPLE.ORG "setstr smtp/mail.example.org session_enctypes aes256-cts-hmac-sha384-192,aes128-cts-hmac-sha256-128"
all='permitted_enctypes = aes256-cts aes128-cts aes256-cts-hmac-sha384-192 aes128-cts-hmac-sha256-128'
if fault; then
	SHOWS="carol's host offers 18 and 17 for smtp/mail.example.org, whose account takes 19 and 20 alone as session keys: KDC_ERR_ETYPE_NOSUPP (14); two seconds later it offers those as well and gets the ticket"
	PROVES="14 with a success after it is a note"
	mit_conf mailbox 'permitted_enctypes = aes256-cts aes128-cts'
else
	SHOWS="etype-nosupp-recovered with all types offered at once"
	PROVES="a ticket of another etype than the first of the list is no finding"
	mit_conf mailbox "$all"
fi

record_on mailbox.pcapng mit.pcap
carol mailbox
if fault; then
	want 1 on mailbox kvno smtp/mail.example.org
	sleep 2
	mit_conf mailbox "$all"
fi
want 0 on mailbox kvno smtp/mail.example.org
record_end
