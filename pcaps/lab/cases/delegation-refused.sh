# hub-1 asks for a ticket in alice's name (S4U2Self, then S4U2Proxy) for svc/web.contoso.com.
HUB_PORTS='port 88'
if fault; then
	SHOWS="HUB-1\$ gets a ticket of alice to itself; the one for svc/web.contoso.com in her name is refused: KDC_ERR_BADOPTION (13), hub-1 may not delegate"
	PROVES="13 to a constrained delegation request: the account's delegation settings, not the user or the service name"
	got=1
else
	SHOWS="delegation-refused with HUB-1\$ allowed to delegate to svc/web.contoso.com"
	PROVES="S4U that is allowed is no finding"
	on dc1 bash -ec 'samba-tool delegation for-any-protocol "HUB-1$" on; samba-tool delegation add-service "HUB-1$" svc/web.contoso.com' >>"$STATE/share/case.log" 2>&1
	afterwards "on dc1 bash -c 'samba-tool delegation for-any-protocol HUB-1\$ off; samba-tool delegation del-service HUB-1\$ svc/web.contoso.com' >/dev/null 2>&1"
	got=0
fi

record_on hub.pcap dc1.pcap
on hub kinit -f -k -t /etc/keytabs/truth.keytab 'HUB-1$'
want $got on hub kvno -U alice -k /etc/keytabs/truth.keytab -P svc/web.contoso.com
record_end
