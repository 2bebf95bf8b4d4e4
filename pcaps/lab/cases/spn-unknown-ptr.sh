# no twin: that of spn-unknown is its twin too.
SHOWS="the reverse record (PTR) of hub-1 says oldhub.contoso.com, and mailbox-1 makes service names from reverse records (rdns = true): dc1 answers KDC_ERR_S_PRINCIPAL_UNKNOWN (7) for smtp/oldhub.contoso.com"
PROVES="where a wrong service name comes from: the DNS answer stands in the capture right before the request"
admin="-U Administrator%Lab-Admin-2012"
on dc1 bash -ec "samba-tool dns add dc1 contoso.com oldhub A 10.77.0.20 $admin
	samba-tool dns delete dc1 0.77.10.in-addr.arpa 20 PTR hub-1.contoso.com $admin
	samba-tool dns add dc1 0.77.10.in-addr.arpa 20 PTR oldhub.contoso.com $admin" >>"$STATE/share/case.log" 2>&1
afterwards "on dc1 bash -c 'samba-tool dns delete dc1 contoso.com oldhub A 10.77.0.20 $admin; samba-tool dns delete dc1 0.77.10.in-addr.arpa 20 PTR oldhub.contoso.com $admin; samba-tool dns add dc1 0.77.10.in-addr.arpa 20 PTR hub-1.contoso.com $admin' >/dev/null 2>&1"
krb5_conf mailbox
on mailbox sed -i 's/ rdns = false/ rdns = true/; s/dns_canonicalize_hostname = false/dns_canonicalize_hostname = true/' /etc/krb5.conf
afterwards krb5_conf mailbox

record_on mailbox.pcapng dc1.pcap
machine_logon mailbox
want 1 smtp 0 25 auth
record_end
