# AMQP and XMPP servers whose keytabs hold a wrong AES key.
if fault; then
	SHOWS="hub-1 refuses fresh tickets over AMQP (sasl-outcome auth) and XMPP (failure), without a KRB-ERROR"
	PROVES="the refusals of the two protocols are read; with hub.keytab the key is named"
	refused=1
	spoil amqp 18
	spoil prosody 18
else
	SHOWS="ap-refused-messaging with the right keys"
	PROVES="no finding on the same traffic with the right key"
	refused=0
fi
MADE="Prosody 0.12 with Cyrus SASL and lab/amqp.py; clients lab/amqp.py and lab/sasl_client.py on MIT's GSS library"
SECRETS="hub.keytab: the keys of both servers as they were (lab secrets only)"
amqp_up
prosody_up

record_on mailbox.pcapng hub.pcap dc1.pcapng
user_logon mailbox alice
amqp $refused
sasl $refused 5222 xmpp --initial
amqp $refused
record_end
keep_keytab amqp
