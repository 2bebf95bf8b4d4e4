# The hub's clock is ten minutes behind: tickets begin, for it, in the future.
if fault; then
	SHOWS="hub-1's clock is 10 minutes behind: KRB_AP_ERR_TKT_NYV (33) to fresh tickets over X-EXPS and DCE/RPC"
	CHANGED="times in hub.pcap moved by -600 s, as the clock of the recording host would have been (the hosts of the lab share one kernel clock)"
	PROVES="33 with the acceptor's stime behind the KDC's: the ticket decrypts, the acceptor's clock is off"
	refused=1
	OFFSET=-10m serve xexps
	OFFSET=-10m serve rpc
else
	SHOWS="ticket-not-yet-valid with the hub's clock right"
	PROVES="no finding when the clocks agree"
	refused=0
fi

record_on mailbox.pcapng hub.pcap dc1.pcap
machine_logon mailbox
smtp $refused 2525 x-exps
rpc $refused 51025 spnego
record_end
if fault; then shift_times hub.pcap -600; fi
