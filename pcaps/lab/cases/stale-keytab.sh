# The hub's account gets a new password (kvno + 1); the hub's services keep the old keytab.
if fault; then
	SHOWS="hub-1 accepts a ticket of the old kvno; after a password change the KDC issues kvno + 1 and hub-1 refuses: 44 over X-EXPS, bare 535 from Postfix"
	PROVES="the refused ticket's kvno is above the last one that this acceptor took, and above the keytab's"
	refused=1
else
	SHOWS="stale-keytab with the keytab renewed after the password change"
	PROVES="a new kvno that the service knows is no finding"
	refused=0
fi
SECRETS="hub.keytab: the keys of the hub's processes during the refusals (lab secrets only)"

record_on mailbox.pcapng hub.pcap dc1.pcap
machine_logon mailbox
smtp 0 25 auth
smtp 0 2525 x-exps
cold
hub_password
if ! fault; then hub_follows; keytabs_restore; fi
machine_logon mailbox
smtp $refused 25 auth
smtp $refused 2525 x-exps
smtp $refused 2525 x-exps
record_end
keep_keytab xexps
