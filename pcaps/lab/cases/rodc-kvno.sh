# A TGT as a read-only DC issues it.
MADE="a relay on dc1 (relay.sh)"
if fault; then
	SHOWS="alice's TGT has 12345 in the upper half of its kvno, the number of a read-only DC's krbtgt account"
	CHANGED="the kvno of the TGT, 1 as dc1 made it, was raised by 12345 * 65536 by a relay on dc1 before the AS-REP left, and taken back in the TGS-REQ; captures untouched"
	PROVES="who issued a TGT stands in its kvno"
	relay_at_kdc kvno 12345
else
	SHOWS="rodc-kvno with a relay that passes all on as it is"
	PROVES="an ordinary kvno is no finding"
	relay_at_kdc none
fi

record_on mailbox.pcapng dc1.pcap
user_logon mailbox alice
want 0 on mailbox kvno HTTP/hub-1.contoso.com
record_end
