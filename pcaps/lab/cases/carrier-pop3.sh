# no twin: Kerberos in POP3, accepted.
SHOWS="Dovecot accepts alice over POP3 with SASL GSSAPI, all legs in clear: first with the token as an answer to the empty challenge, then with an initial response"
PROVES="POP3's tokens are read in both forms, and its own word of acceptance"
MADE="Dovecot 2.3 and a client of the lab, lab/sasl_client.py, on MIT's GSS library"
SECRETS="hub.keytab: the keys of Dovecot (lab secrets only)"
dovecot_up

record_on mailbox.pcap hub.pcapng
user_logon mailbox alice
sasl 0 110 pop3
sasl 0 110 pop3 --initial
record_end
keep_keytab dovecot
