# no twin: a password change done well: the keytab holds the old and the new key.
SHOWS="hub-1's password changes (kvno + 1); tickets of the old and of the new kvno are both accepted"
PROVES="two kvnos for one service are no finding when both are accepted"
SECRETS="hub.keytab: the hub's old and new keys (lab secrets only)"
on hub cp /etc/keytabs/truth.keytab /tmp/old.keytab

record_on mailbox.pcap hub.pcapng dc1.pcapng
machine_logon mailbox
smtp 0 2525 x-exps
smtp 0 25 auth
hub_password
hub_follows
on hub bash -c 'cd /etc/keytabs; python3 /lab/keytab.py merge both.keytab truth.keytab /tmp/old.keytab; for k in xexps postfix; do cp both.keytab $k.keytab; done; rm both.keytab'
smtp 0 2525 x-exps
smtp 0 25 auth
cold
machine_logon mailbox
smtp 0 2525 x-exps
smtp 0 25 auth
record_end
keep_keytab xexps
