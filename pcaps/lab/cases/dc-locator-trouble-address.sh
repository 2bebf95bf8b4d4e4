# The SRV records name a KDC whose own name leads nowhere.
srv() { # add|delete HOST: the SRV records of Kerberos
	for p in tcp udp; do
		on dc1 samba-tool dns "$1" dc1 contoso.com _kerberos._$p SRV "$2.contoso.com 88 0 100" -U "$ADMIN" >>"$STATE/share/case.log" 2>&1 || :
	done
}
if fault; then
	SHOWS="the SRV records of CONTOSO.COM name dc9.contoso.com alone, which has no address: NXDOMAIN for A and AAAA, and no request goes out"
	PROVES="DNS knows of a KDC and not where it is"
	for h in dc1 dc2; do
		srv delete $h
		afterwards "srv add $h"
	done
	srv add dc9
	afterwards 'srv delete dc9'
	got=1
else
	SHOWS="dc-locator-trouble-address with the SRV records of dc1 and dc2; their names have A records and no AAAA records"
	PROVES="a name with an address of one family is no finding"
	for h in dc1:10 dc2:11; do
		on dc1 samba-tool dns delete dc1 contoso.com ${h%:*} AAAA fd77::${h#*:} -U "$ADMIN" >>"$STATE/share/case.log" 2>&1
		afterwards "on dc1 samba-tool dns add dc1 contoso.com ${h%:*} AAAA fd77::${h#*:} -U '$ADMIN' >/dev/null 2>&1 || :"
	done
	got=0
fi
dc2_knows aes # DNS leads to it as well
on mailbox bash -c 'printf "[libdefaults]\n default_realm = CONTOSO.COM\n dns_lookup_kdc = true\n dns_uri_lookup = false\n" >/etc/krb5.conf'

record_on mailbox.pcapng dc1.pcap
want $got user_logon mailbox alice
record_end
