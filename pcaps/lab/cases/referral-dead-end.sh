# A service name that is routed to another realm, where nobody has registered it.
MADE="MIT krb5kdc for two realms"
mit_up
for h in EXAMPLE.ORG EXAMPLE.NET; do kadm $h "addprinc -pw Lab-Trust-1 krbtgt/EXAMPLE.NET@EXAMPLE.ORG"; done
if fault; then
	SHOWS="carol asks EXAMPLE.ORG for HTTP/www.example.net, is referred to EXAMPLE.NET, and is told there that no such service is known (7)"
	PROVES="the first realm sends the name on, the second does not have it"
	got=1
else
	SHOWS="referral-dead-end with the service registered in EXAMPLE.NET"
	PROVES="a referral that ends at the service is no finding"
	kadm EXAMPLE.NET "addprinc -pw Lab-Www-1 HTTP/www.example.net"
	got=0
fi
MAPPED=no mit_conf mailbox

record_on mailbox.pcapng mit.pcap
carol mailbox
want $got on mailbox kvno -S HTTP www.example.net
record_end
