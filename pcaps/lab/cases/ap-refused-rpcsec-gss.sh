# A program behind RPCSEC_GSS whose keytab holds a wrong AES key.
if fault; then
	SHOWS="hub-1 port 2049 refuses fresh tickets for nfs/hub-1 in RPCSEC_GSS context creation, over TCP and over UDP"
	PROVES="the refusal is read from the RPC reply; with hub.keytab the key is named"
	refused=1
else
	SHOWS="ap-refused-rpcsec-gss with the right keys"
	PROVES="no finding on the same traffic with the right key"
	refused=0
fi
MADE="lab/rpcgss.c, client and server on libtirpc 1.3 and MIT's GSS library"
SECRETS="hub.keytab: the keys of the server as they were (lab secrets only)"
if fault; then rpcgss_up 18; else rpcgss_up; fi

record_on mailbox.pcapng hub.pcap dc1.pcapng
user_logon mailbox alice
rpcgss $refused tcp none
rpcgss $refused tcp privacy
rpcgss $refused udp integrity
record_end
keep_keytab nfs
