# no twin: delegation-refused has the refusal.
HUB_PORTS='port 88'
SHOWS="hub-1 asks dc1 for tickets in alice's name: for svc/web.contoso.com by its own list (constrained delegation with protocol transition); mailbox-1 asks for one to itself alone"
PROVES="S4U2Self and S4U2Proxy that succeed are no finding; with the keys alice is the client inside"
SECRETS="hub.keytab: krbtgt of CONTOSO.COM and keys of both machines and of svc-web (lab secrets only)"
on dc1 bash -ec 'samba-tool delegation for-any-protocol "HUB-1$" on; samba-tool delegation add-service "HUB-1$" svc/web.contoso.com' >>"$STATE/share/case.log" 2>&1
afterwards "on dc1 bash -c 'samba-tool delegation for-any-protocol HUB-1\$ off; samba-tool delegation del-service HUB-1\$ svc/web.contoso.com' >/dev/null 2>&1"

record_on hub.pcap mailbox.pcapng dc1.pcap
on hub kinit -f -k -t /etc/keytabs/truth.keytab 'HUB-1$'
want 0 on hub kvno -U alice -k /etc/keytabs/truth.keytab -P svc/web.contoso.com
on mailbox kinit -f -k -t /etc/keytabs/truth.keytab 'MAILBOX-1$'
want 0 on mailbox kvno -U alice -k /etc/keytabs/truth.keytab 'MAILBOX-1$'
record_end
directory_keys hub.keytab krbtgt/CONTOSO.COM svc/web.contoso.com 'HUB-1$' 'MAILBOX-1$'
