# An account that the KDC asks for no preauthentication.
MADE="MIT krb5kdc"
mit_up
mit_conf mailbox
kadm EXAMPLE.ORG "addprinc -pw Lab-Dave-1 dave"
if fault; then
	SHOWS="the KDC gives dave a TGT for an AS-REQ that proves nothing: his account lacks requires_preauth, which carol's has"
	PROVES="an AS-REP to a request without preauthentication"
	kadm EXAMPLE.ORG "modprinc -requires_preauth dave"
else
	SHOWS="preauth-not-required with the flag at both accounts"
	PROVES="25, then preauthentication, is no finding"
fi

record_on mailbox.pcapng mit.pcap
carol mailbox
want 0 on mailbox bash -c 'echo Lab-Dave-1 | kinit -c /tmp/cc.dave dave'
record_end
