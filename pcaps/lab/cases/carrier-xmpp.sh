# no twin: XMPP with SASL GSSAPI, accepted.
SHOWS="XMPP to hub-1 port 5222 with SASL GSSAPI, in clear: the token as an initial response, challenges, responses, success, and the stream begun anew"
PROVES="XMPP's auth, challenge and response elements are read, and success"
MADE="Prosody 0.12 with Cyrus SASL, and a client of the lab, lab/sasl_client.py"
SECRETS="hub.keytab: the keys of Prosody (lab secrets only)"
prosody_up

record_on mailbox.pcapng hub.pcap
user_logon mailbox alice
sasl 0 5222 xmpp --initial
record_end
keep_keytab prosody
