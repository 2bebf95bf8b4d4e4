# Somebody between the client and dc1 takes AES out of the client's list.
MADE="a relay on a third host, which both ends take for the other (relay.sh)"
if fault; then
	SHOWS="alice's AS-REQ leaves mailbox-1 with 18, 17, 23 and arrives at dc1 with 23 alone, the nonce is the same: a host between the two takes AES out"
	PROVES="one request in two captures with two lists: it was changed on its way; dc1 and the client do as they are told"
	relay_between drop-etypes 17 18
else
	SHOWS="etype-list-altered with a relay that passes all on as it is"
	PROVES="a request seen in two captures is no finding"
	relay_between none
fi

record_on mailbox.pcapng dc1.pcap
if fault; then got=1; else got=0; fi # the client sees that the answer is to another request
want $got user_logon mailbox alice
record_end
