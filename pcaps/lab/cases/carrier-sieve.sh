# no twin: Kerberos in ManageSieve, accepted.
SHOWS="Dovecot accepts alice over ManageSieve with SASL GSSAPI, all legs in clear: first with the token as an answer to the empty challenge, then with an initial response"
PROVES="ManageSieve's tokens are read in both forms, and its own word of acceptance"
MADE="Dovecot 2.3 and a client of the lab, lab/sasl_client.py, on MIT's GSS library"
SECRETS="hub.keytab: the keys of Dovecot (lab secrets only)"
dovecot_up

record_on mailbox.pcap hub.pcapng
user_logon mailbox alice
sasl 0 4190 sieve
sasl 0 4190 sieve --initial
record_end
keep_keytab dovecot
