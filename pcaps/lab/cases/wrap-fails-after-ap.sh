# A service that breaks on the first request after a logon that succeeded.
if fault; then
	SHOWS="rpc on hub-1 accepts mailbox-1's ticket and resets the connection at the first sealed request"
	PROVES="Kerberos succeeded; what comes after it broke"
	serve rpc --crash
	got=1
else
	SHOWS="wrap-fails-after-ap with a service that answers"
	PROVES="a sealed request that is answered is no finding"
	got=0
fi

record_on mailbox.pcapng hub.pcap dc1.pcap
machine_logon mailbox
rpc $got 51025 kerberos
record_end
