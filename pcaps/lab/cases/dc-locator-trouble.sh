# The client finds its KDC by SRV records, which are gone.
if fault; then
	SHOWS="mailbox-1 looks for the KDC of CONTOSO.COM by DNS; the SRV records for Kerberos have been deleted: NXDOMAIN, and no request goes out"
	PROVES="the logon ends at DNS"
	for p in tcp udp; do
		on dc1 samba-tool dns delete dc1 contoso.com _kerberos._$p SRV 'dc1.contoso.com 88 0 100' -U "$ADMIN" >>"$STATE/share/case.log" 2>&1
		on dc1 samba-tool dns delete dc1 contoso.com _kerberos._$p SRV 'dc2.contoso.com 88 0 100' -U "$ADMIN" >>"$STATE/share/case.log" 2>&1 || :
		afterwards "on dc1 samba-tool dns add dc1 contoso.com _kerberos._$p SRV 'dc1.contoso.com 88 0 100' -U '$ADMIN' >/dev/null 2>&1"
		afterwards "on dc1 samba-tool dns add dc1 contoso.com _kerberos._$p SRV 'dc2.contoso.com 88 0 100' -U '$ADMIN' >/dev/null 2>&1"
	done
	got=1
else
	SHOWS="dc-locator-trouble with the SRV records in place"
	PROVES="a KDC found by DNS is no finding"
	got=0
fi
dc2_knows aes # DNS leads to it as well
on mailbox bash -c 'printf "[libdefaults]\n default_realm = CONTOSO.COM\n dns_lookup_kdc = true\n dns_uri_lookup = false\n" >/etc/krb5.conf'

record_on mailbox.pcapng dc1.pcap
want $got user_logon mailbox alice
record_end
