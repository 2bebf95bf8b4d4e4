# no twin: AMQP 1.0 with SASL GSSAPI, accepted.
SHOWS="an AMQP 1.0 connection to hub-1 port 5672 with SASL GSSAPI: sasl-mechanisms, sasl-init, challenges, sasl-outcome ok"
PROVES="AMQP's SASL frames are read, and the outcome"
MADE="lab/amqp.py on both sides, on MIT's GSS library; AMQP software of Debian 12 has no GSSAPI"
SECRETS="hub.keytab: the keys of the server (lab secrets only)"
amqp_up

record_on mailbox.pcapng hub.pcap
user_logon mailbox alice
amqp 0
record_end
keep_keytab amqp
