# no twin: Kerberos in IMAP, accepted.
SHOWS="Dovecot accepts alice over IMAP with SASL GSSAPI, all legs in clear: first with the token as an answer to the empty challenge, then with an initial response"
PROVES="IMAP's tokens are read in both forms, and its own word of acceptance"
MADE="Dovecot 2.3 and a client of the lab, lab/sasl_client.py, on MIT's GSS library"
SECRETS="hub.keytab: the keys of Dovecot (lab secrets only)"
dovecot_up

record_on mailbox.pcapng hub.pcapng
user_logon mailbox alice
sasl 0 143 imap
sasl 0 143 imap --initial --noop
record_end
keep_keytab dovecot
