# The client keeps a ticket from before the service's password change; the service has the new key only.
SECRETS="hub.keytab: the hub's keys after the change (lab secrets only)"
if fault; then
	SHOWS="a ticket accepted at first is refused after hub-1's password change (44 over X-EXPS and DCE/RPC); purged 12 s later, a fresh ticket with kvno + 1 is accepted"
	PROVES="the refused ticket's kvno is below the newest one issued for the service: the client's ticket is stale, not the service's keytab"
	refused=1
else
	SHOWS="stale-ticket with the client's tickets purged at the change"
	PROVES="a kvno that rises while all follow is no finding"
	refused=0
fi

record_on mailbox.pcapng hub.pcap dc1.pcap
machine_logon mailbox
smtp 0 2525 x-exps
rpc 0 51025 kerberos
hub_password
hub_follows
keytabs_restore
if ! fault; then cold; machine_logon mailbox; fi
smtp $refused 2525 x-exps
rpc $refused 51025 kerberos
sleep 12 # what heals within 10 s is no fault
cold
machine_logon mailbox
smtp 0 2525 x-exps
rpc 0 51025 kerberos
record_end
keep_keytab xexps
