# The key of krbtgt was changed without keeping the old one; the machine still armors with its old TGT.
MADE="MIT krb5kdc"
mit_up
mit_keys mailbox mit.keytab EXAMPLE.ORG host/desk.example.org
mit_conf mailbox
if fault; then
	SHOWS="carol's logon is armored (FAST) with desk's TGT, made before krbtgt's key was changed without keeping the old one: the KDC cannot use the armor"
	PROVES="an error about the armor's ticket before anything about carol is looked at"
	got=1
else
	SHOWS="fast-failed with krbtgt's key left alone"
	PROVES="an armored logon is no finding"
	got=0
fi

record_on mailbox.pcapng mit.pcap
want 0 on mailbox kinit -k -t /etc/keytabs/mit.keytab -c /tmp/cc.armor host/desk.example.org
if fault; then kadm EXAMPLE.ORG cpw -randkey krbtgt/EXAMPLE.ORG; fi
want $got carol mailbox -T /tmp/cc.armor -c /tmp/cc.carol
record_end
