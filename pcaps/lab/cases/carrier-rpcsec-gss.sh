# no twin: RPCSEC_GSS accepted, at a program of the lab over TCP and UDP.
SHOWS="ONC RPC calls to hub-1 port 2049 with RPCSEC_GSS (flavor 6), no protection, integrity and privacy, over TCP and over UDP: context creation, data, destruction"
PROVES="RPCSEC_GSS's tokens are read over TCP (record marks) and over UDP, and the reply's major status"
MADE="lab/rpcgss.c, client and server on libtirpc 1.3 and MIT's GSS library"
SECRETS="hub.keytab: the keys of the server (lab secrets only)"
rpcgss_up

record_on mailbox.pcapng hub.pcap
user_logon mailbox alice
rpcgss 0 tcp none
rpcgss 0 tcp integrity
rpcgss 0 tcp privacy
rpcgss 0 udp none
rpcgss 0 udp privacy
record_end
keep_keytab nfs
