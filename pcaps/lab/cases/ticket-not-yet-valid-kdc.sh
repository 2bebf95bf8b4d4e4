# no twin: that of ticket-not-yet-valid is its twin too.
SHOWS="dc1's clock is 15 minutes ahead: 37 to mailbox-1, which then takes over the KDC's time, and 33 from hub-1 to the tickets that begin in its future"
CHANGED="times in dc1.pcap moved by +900 s, as the clock of the recording host would have been (the hosts of the lab share one kernel clock)"
PROVES="client and service agree with each other and not with the KDC: the DC's clock is the one that is off"
dc_stop dc1
faked +15m dc1 samba -D
afterwards "dc_restart dc1"
await dc1 dc_ready dc1
krb5_conf mailbox 'kdc_timesync = 0'

record_on mailbox.pcapng hub.pcap dc1.pcap
want 1 machine_logon mailbox
krb5_conf mailbox
machine_logon mailbox
smtp 1 2525 x-exps
smtp 1 2525 x-exps
record_end
shift_times dc1.pcap 900
