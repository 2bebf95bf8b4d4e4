# The double hop: a web server goes on to a file server after a user's logon.
HUB_PORTS='port 445 or port 88'
if fault; then
	SHOWS="alice logs on to HTTP at hub-1 without handing on her TGT; hub-1 then connects to dc2's file share anonymously"
	PROVES="the service went on without the user"
	how=none
else
	SHOWS="alice hands her TGT to HTTP at hub-1, which then connects to dc2's file share with Kerberos"
	PROVES="a second hop with Kerberos is no finding"
	how=always
fi

record_on mailbox.pcapng hub.pcap
user_logon mailbox alice '' -f
want 0 on mailbox curl -sf -o /dev/null --delegation $how --negotiate -u : http://hub-1.contoso.com/
if fault; then
	want 0 on hub smbclient -N -c exit '//10.77.0.11/IPC$'
else
	machine_logon hub
	want 0 on hub smbclient --use-kerberos=required --use-krb5-ccache=/tmp/krb5cc_0 -c exit '//dc2.contoso.com/IPC$'
fi
record_end
