# no twin: that of clock-skew is its twin too.
SHOWS="mailbox-1's clock is 10 minutes ahead: KRB_AP_ERR_SKEW (37) from dc1 after the encrypted timestamp, twice, no ticket"
CHANGED="times in mailbox.pcapng moved by +600 s, as the clock of the recording host would have been (the hosts of the lab share one kernel clock)"
PROVES="the KDC's stime agrees with the DC's capture: the client's clock is the one that is off, and the password was right"
krb5_conf mailbox 'kdc_timesync = 0'

record_on mailbox.pcapng dc1.pcap
want 1 faked +10m mailbox kinit -k -t /etc/keytabs/truth.keytab 'MAILBOX-1$'
sleep 1
want 1 faked +10m mailbox kinit -k -t /etc/keytabs/truth.keytab 'MAILBOX-1$'
record_end
shift_times mailbox.pcapng 600
