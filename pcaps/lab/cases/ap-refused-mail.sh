# Dovecot's keytab holds a wrong AES key: IMAP, POP3 and ManageSieve refuse with a word of their own and no KRB-ERROR.
if fault; then
	SHOWS="Dovecot refuses fresh tickets: NO over IMAP, -ERR over POP3, NO over ManageSieve, and no KRB-ERROR"
	PROVES="the three protocols' refusals are read with their text; with hub.keytab the key is named"
	refused=1
	spoil dovecot 18
else
	SHOWS="ap-refused-mail with the right keys"
	PROVES="no finding on the same traffic with the right key"
	refused=0
fi
MADE="Dovecot 2.3 and a client of the lab, lab/sasl_client.py, on MIT's GSS library"
SECRETS="hub.keytab: the keys of Dovecot as they were (lab secrets only)"
dovecot_up

record_on mailbox.pcapng hub.pcap dc1.pcap
user_logon mailbox alice
sasl $refused 143 imap
sasl $refused 143 imap --initial
sasl $refused 110 pop3
sasl $refused 4190 sieve --initial
sasl $refused 4190 sieve
record_end
keep_keytab dovecot
