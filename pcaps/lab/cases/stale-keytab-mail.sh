# stale-keytab seen through two doors: X-EXPS says 44, Dovecot says NO over IMAP and -ERR over POP3.
if fault; then
	SHOWS="after a password change of hub-1's account X-EXPS refuses with 44; Dovecot, with the same old keytab, refuses imap/ and pop/ tickets of the same kvno with a bare NO and -ERR"
	PROVES="names of one computer's account, one host, one kvno, and no port that takes it: one cause, also of the refusals without a reason"
	refused=1
else
	SHOWS="stale-keytab-mail with the keytabs renewed after the password change"
	PROVES="a new kvno that the services know is no finding"
	refused=0
fi
MADE="Dovecot 2.3 and a client of the lab, lab/sasl_client.py, on MIT's GSS library"
SECRETS="hub.keytab: the keys of the hub's processes during the refusals (lab secrets only)"
dovecot_up

record_on mailbox.pcapng hub.pcap dc1.pcap
user_logon mailbox alice
smtp 0 2525 x-exps
sasl 0 143 imap
cold
hub_password
if ! fault; then hub_follows; keytabs_restore; fi
user_logon mailbox alice
smtp $refused 2525 x-exps
sasl $refused 143 imap
sasl $refused 110 pop3
record_end
keep_keytab xexps
