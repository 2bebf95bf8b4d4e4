# A client that goes on with tickets past their end.
MADE="MIT krb5kdc"
MIT_LIB='clockskew = 2'
mit_up
for h in mailbox hub; do mit_conf $h "$MIT_LIB"; done
mit_keys hub xexps.keytab EXAMPLE.ORG smtp/mail.example.org
if fault; then
	SHOWS="carol's tickets live 4 s; 8 s later her host still uses them: KRB_AP_ERR_TKT_EXPIRED (32) from the service and from the KDC"
	CHANGED="the end times in the client's ticket cache, before they were used, so that the client goes on; clockskew = 2 at service and KDC"
	PROVES="32 from both: the tickets are past their end, keys and names are right"
	got=1
	life=4s
else
	SHOWS="ticket-expired with tickets of ten hours"
	PROVES="tickets within their life are no finding"
	got=0
	life=10h
fi

record_on mailbox.pcapng hub.pcap mit.pcap
carol mailbox -l $life
smtp_to 0 mail.example.org 2525 x-exps
fault && on mailbox python3 /lab/ccache.py prolong /tmp/krb5cc_0 36000
sleep 8
smtp_to $got mail.example.org 2525 x-exps
want $got on mailbox kvno imap/mail.example.org
record_end
