# The hub's clock is ten minutes ahead: as a client it fails at the KDC, as a service it refuses its clients.
HUB_PORTS='port 88'
krb5_conf hub 'kdc_timesync = 0'
if fault; then
	SHOWS="hub-1's clock is 10 minutes ahead: KRB_AP_ERR_SKEW (37) from dc1 to its AS-REQ, and 37 from hub-1 to mailbox-1 over X-EXPS and DCE/RPC"
	CHANGED="times in hub.pcap moved by +600 s, as the clock of the recording host would have been (the hosts of the lab share one kernel clock)"
	PROVES="37 with stime on both sides says whose clock is off, and by how much"
	refused=1
	OFFSET=+10m serve xexps
	OFFSET=+10m serve rpc
else
	SHOWS="clock-skew with the hub's clock right"
	PROVES="no finding when all clocks agree"
	refused=0
fi

record_on mailbox.pcapng hub.pcap dc1.pcapng
if fault; then
	want 1 faked +10m hub kinit -k -t /etc/keytabs/truth.keytab 'HUB-1$'
else
	machine_logon hub
fi
machine_logon mailbox
smtp $refused 2525 x-exps
rpc $refused 51025 kerberos
smtp $refused 2525 x-exps
record_end
if fault; then shift_times hub.pcap 600; fi
