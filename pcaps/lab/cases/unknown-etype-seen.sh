# A client with an encryption type of its own.
MADE="a relay on mailbox-1 (relay.sh)"
if fault; then
	SHOWS="the list of etypes in alice's AS-REQ names 99, which is in no registry"
	CHANGED="17 in the list of the AS-REQ was made 99 by a relay on mailbox-1 before it left; captures untouched"
	PROVES="a number that nobody has registered is told, not judged"
	relay_at_client etype 17 99
	got=1 # the client sees that the answer is to another request
else
	SHOWS="unknown-etype-seen with a relay that passes all on as it is"
	PROVES="a list of registered etypes is no finding"
	relay_at_client none
	got=0
fi

record_on mailbox.pcapng dc1.pcap
want $got user_logon mailbox alice
record_end
