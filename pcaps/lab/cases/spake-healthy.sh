# no twin: SPAKE preauthentication (RFC 9588) at MIT.
SHOWS="carol and a host log on at an MIT KDC with SPAKE (group edwards25519): KDC_ERR_MORE_PREAUTH_DATA_REQUIRED (91) on the way"
PROVES="91 with the text PREAUTH_FAILED is a step of SPAKE; SPAKE is preauthentication"
SECRETS="mailbox.keytab: krbtgt of EXAMPLE.ORG, carol's and the host's keys (lab secrets only)"
MADE="MIT krb5kdc"
MIT_LIB='spake_preauth_groups = edwards25519'
mit_up
mit_conf mailbox "$MIT_LIB"
mit_keys mailbox mit.keytab EXAMPLE.ORG host/desk.example.org carol krbtgt/EXAMPLE.ORG

record_on mailbox.pcapng mit.pcap
carol mailbox
want 0 on mailbox kvno smtp/mail.example.org
want 0 on mailbox kinit -k -t /etc/keytabs/mit.keytab -c /tmp/cc.host host/desk.example.org
record_end
beside mailbox.keytab mailbox /etc/keytabs/mit.keytab
