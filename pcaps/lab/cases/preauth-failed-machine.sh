# no twin: that of preauth-failed is its twin too.
SHOWS="MAILBOX-1\$ fails preauthentication at dc1 (24) with an outdated machine key, while alice logs on from the same host"
PROVES="a computer account's 24 is a broken secure channel, not the KDC and not the network"
on mailbox bash -c 'python3 /lab/keytab.py spoil /etc/keytabs/truth.keytab /tmp/outdated.keytab 18 17 23'

record_on mailbox.pcap dc1.pcapng
want 1 on mailbox kinit -k -t /tmp/outdated.keytab 'MAILBOX-1$'
user_logon mailbox alice
sleep 1
want 1 on mailbox kinit -k -t /tmp/outdated.keytab 'MAILBOX-1$'
record_end
