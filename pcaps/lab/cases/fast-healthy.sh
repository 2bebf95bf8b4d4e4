# no twin: FAST (RFC 6113), MIT's KDC and Samba's, nothing wrong.
SHOWS="logons of carol at MIT and alice at Samba armored with the machine's TGT (FAST), and tickets asked for with FAST's implicit armor"
PROVES="what lies inside FAST is no anomaly; with the keys of machine and KDC the armor is opened"
SECRETS="mailbox.keytab: krbtgt of both realms, machine and user keys (lab secrets only)"
MADE="MIT krb5kdc"
mit_up
on dc1 sed -i 's/kdc enable fast = no/kdc enable fast = yes/' /etc/samba/smb.conf
dc_restart dc1
afterwards "on dc1 sed -i 's/kdc enable fast = yes/kdc enable fast = no/' /etc/samba/smb.conf; dc_restart dc1"
mit_keys mailbox mit.keytab EXAMPLE.ORG host/desk.example.org
mit_keys mailbox mit-all.keytab EXAMPLE.ORG host/desk.example.org carol krbtgt/EXAMPLE.ORG smtp/mail.example.org

record_on mailbox.pcapng mit.pcap dc1.pcap
machine_logon mailbox
user_logon mailbox alice '' -T /tmp/krb5cc_0 -c /tmp/cc.alice
want 0 on mailbox kvno -c /tmp/cc.alice HTTP/hub-1.contoso.com
mit_conf mailbox
want 0 on mailbox kinit -k -t /etc/keytabs/mit.keytab -c /tmp/cc.armor host/desk.example.org
carol mailbox -T /tmp/cc.armor -c /tmp/cc.carol
want 0 on mailbox kvno -c /tmp/cc.carol smtp/mail.example.org
record_end
directory_keys mailbox.keytab krbtgt/CONTOSO.COM 'MAILBOX-1$' alice
on mailbox python3 /lab/keytab.py merge /share/rec/mailbox.keytab /share/rec/mailbox.keytab /etc/keytabs/mit-all.keytab
