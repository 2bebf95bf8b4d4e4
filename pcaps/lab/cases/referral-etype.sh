# Two realms whose common key is RC4 alone.
MADE="MIT krb5kdc for two realms"
mit_up
if fault; then
	SHOWS="the key between EXAMPLE.ORG and EXAMPLE.NET is RC4 alone: carol, who offers AES, is referred with an RC4 ticket"
	PROVES="a weak referral ticket is the trust's matter, not the service's"
	enc='-e rc4-hmac:normal'
else
	SHOWS="referral-etype with AES keys between the realms"
	PROVES="a referral by AES is no finding"
	enc=""
fi
for h in EXAMPLE.ORG EXAMPLE.NET; do kadm $h "addprinc $enc -pw Lab-Trust-1 krbtgt/EXAMPLE.NET@EXAMPLE.ORG"; done
kadm EXAMPLE.NET "addprinc -pw Lab-Www-1 HTTP/www.example.net"
MAPPED=no mit_conf mailbox

record_on mailbox.pcapng mit.pcap
carol mailbox
want 0 on mailbox kvno -S HTTP www.example.net
record_end
