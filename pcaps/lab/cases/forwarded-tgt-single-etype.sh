# A user's TGT handed to a web server.
SECRETS="hub.keytab: the hub's keys (lab secrets only)"
if fault; then
	SHOWS="alice hands her TGT to hub-1 over HTTP (GSS_C_DELEG_FLAG): the request for the forwarded TGT names one etype"
	PROVES="the single etype of that request says nothing about the client"
	how=always
else
	SHOWS="forwarded-tgt-single-etype without delegation"
	PROVES="an ordinary ticket asks with the client's list"
	how=none
fi

record_on mailbox.pcapng hub.pcap dc1.pcap
user_logon mailbox alice '' -f
want 0 on mailbox curl -sf -o /dev/null --delegation $how --negotiate -u : http://hub-1.contoso.com/
record_end
keep_keytab http
