# The client's clock is ten minutes off, and the KDC does not say so.
krb5_conf mailbox 'kdc_timesync = 0'
if fault; then
	SHOWS="mailbox-1's clock is 10 minutes ahead: dc1 answers its encrypted timestamp with KDC_ERR_PREAUTH_REQUIRED (25) once more"
	MADE="a relay on dc1 (relay.sh)"
	CHANGED="the KRB-ERROR 37, as Samba answers, was made 25 with the e-data of the 25 before it by a relay on dc1 before it left; times in mailbox.pcapng moved by +600 s, as the clock of the recording host would have been"
	PROVES="asked for preauthentication that was there: a hidden reason, and the clocks of both ends tell which"
	relay_at_kdc again 37
	off=+10m got=1
else
	SHOWS="clock-skew-hidden with the right clock"
	PROVES="one 25 before the timestamp is a step"
	off=+0m got=0
fi

record_on mailbox.pcapng dc1.pcap
want $got faked $off mailbox kinit -k -t /etc/keytabs/truth.keytab 'MAILBOX-1$'
record_end
if fault; then shift_times mailbox.pcapng 600; fi
