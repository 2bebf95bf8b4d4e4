# A service's principal is deleted and made again: the kvno begins at 1 once more, the key is another.
MADE="MIT krb5kdc"
mit_up
for h in mailbox hub; do mit_conf $h; done
mit_keys hub xexps.keytab EXAMPLE.ORG smtp/mail.example.org
if fault; then
	SHOWS="smtp/mail.example.org is deleted and made again while carol holds a ticket for it: her ticket is refused with KRB_AP_ERR_BAD_INTEGRITY (31), a fresh one of the same kvno, eleven seconds later, is accepted"
	PROVES="one ticket refused, another of the same etype and kvno accepted: the key changed without a new kvno"
	got=1
else
	SHOWS="ticket-refused-everywhere with the principal left alone"
	PROVES="old and fresh tickets of one key are accepted"
	got=0
fi

record_on mailbox.pcapng hub.pcap mit.pcap
carol mailbox
want 0 on mailbox kvno smtp/mail.example.org
if fault; then
	kadm EXAMPLE.ORG "delprinc -force smtp/mail.example.org"
	kadm EXAMPLE.ORG "addprinc -pw Lab-smtp-2 smtp/mail.example.org"
	mit_keys hub xexps.keytab EXAMPLE.ORG smtp/mail.example.org
fi
smtp_to $got mail.example.org 2525 x-exps
if fault; then sleep 11; fi # a refusal that heals within 10 s is a note
carol mailbox
smtp_to 0 mail.example.org 2525 x-exps
record_end
