# Tickets for a user's own name, which the KDC gives in user-to-user form only.
MADE="MIT krb5kdc"
mit_up
kadm EXAMPLE.ORG "modprinc -allow_svr carol"
kadm EXAMPLE.ORG "addprinc -pw Lab-Dave-1 dave"
if fault; then
	SHOWS="dave asks an MIT KDC for a ticket for carol in the ordinary form: KDC_ERR_MUST_USE_USER2USER (27)"
	PROVES="27 without a second question in user-to-user form"
else
	SHOWS="dave asks for a ticket for carol with her TGT beside his own (ENC-TKT-IN-SKEY): it is encrypted with the session key of her TGT"
	PROVES="a ticket in user-to-user form is no finding, whatever keys the keytab holds"
	SECRETS="mailbox.keytab: krbtgt of EXAMPLE.ORG, carol's and dave's keys (lab secrets only)"
fi
mit_conf mailbox
mit_keys mailbox mit.keytab EXAMPLE.ORG carol dave krbtgt/EXAMPLE.ORG

record_on mailbox.pcapng mit.pcap
carol mailbox -c /tmp/cc.carol
want 0 on mailbox kinit -k -t /etc/keytabs/mit.keytab -c /tmp/cc.dave dave
if fault; then
	want 1 on mailbox kvno -c /tmp/cc.dave carol
else
	want 0 on mailbox kvno -c /tmp/cc.dave --u2u /tmp/cc.carol carol
fi
record_end
fault || beside mailbox.keytab mailbox /etc/keytabs/mit.keytab
