# no twin: the client is refused with a ticket from before the service's password change and asks for a fresh one at once.
SHOWS="tickets refused with 44 after hub-1's password change; within a second the client has fresh ones, and the same endpoints accept them"
PROVES="a stale ticket that the client replaces by itself is a note, no fault"
SECRETS="hub.keytab: the hub's keys after the change (lab secrets only)"

record_on mailbox.pcapng hub.pcap dc1.pcap
machine_logon mailbox
smtp 0 2525 x-exps
rpc 0 51025 kerberos
hub_password
hub_follows
keytabs_restore
smtp 1 2525 x-exps
rpc 1 51025 kerberos
cold
machine_logon mailbox
smtp 0 2525 x-exps
rpc 0 51025 kerberos
record_end
keep_keytab xexps
