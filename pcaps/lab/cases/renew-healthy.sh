# no twin: renewal, a postdated TGT and its validation.
SHOWS="carol's TGT is renewed at an MIT KDC (RENEW); a TGT that begins three seconds later is issued invalid and validated then (VALIDATE); alice's is renewed at dc1"
PROVES="renewed, postdated and validated TGTs are no finding"
SECRETS="mailbox.keytab: krbtgt of EXAMPLE.ORG and carol's key (lab secrets only)"
MADE="MIT krb5kdc"
mit_up
mit_keys mailbox mit.keytab EXAMPLE.ORG carol krbtgt/EXAMPLE.ORG

record_on mailbox.pcapng mit.pcap dc1.pcap
user_logon mailbox alice '' -r 2d -c /tmp/cc.alice
want 0 on mailbox kinit -R -c /tmp/cc.alice
mit_conf mailbox
carol mailbox -r 2d
want 0 on mailbox kinit -R
want 0 on mailbox kvno smtp/mail.example.org
carol mailbox -s 3s -c /tmp/cc.later
sleep 4
want 0 on mailbox kinit -v -c /tmp/cc.later
want 0 on mailbox kvno -c /tmp/cc.later smtp/mail.example.org
record_end
beside mailbox.keytab mailbox /etc/keytabs/mit.keytab
