# no twin: a service of another realm, found by referral.
SHOWS="carol@EXAMPLE.ORG asks her KDC for HTTP/www.example.net and is referred: krbtgt/EXAMPLE.NET, then the ticket from the KDC of EXAMPLE.NET; and once more by the client's own table"
PROVES="a referral ticket instead of the one asked for is a step; kvnos and keys of two realms are not mixed"
SECRETS="mailbox.keytab: krbtgt of both realms, that between them, and the service's key (lab secrets only)"
MADE="MIT krb5kdc for two realms"
mit_up
for h in EXAMPLE.ORG EXAMPLE.NET; do kadm $h "addprinc -pw Lab-Trust-1 krbtgt/EXAMPLE.NET@EXAMPLE.ORG"; done
kadm EXAMPLE.NET "addprinc -pw Lab-Www-1 HTTP/www.example.net"
mit_keys mailbox mit1.keytab EXAMPLE.ORG krbtgt/EXAMPLE.ORG krbtgt/EXAMPLE.NET@EXAMPLE.ORG
mit_keys mailbox mit2.keytab EXAMPLE.NET krbtgt/EXAMPLE.NET@EXAMPLE.NET HTTP/www.example.net@EXAMPLE.NET
MAPPED=no mit_conf mailbox

record_on mailbox.pcapng mit.pcap
carol mailbox
want 0 on mailbox kvno -S HTTP www.example.net
mit_conf mailbox
carol mailbox -c /tmp/cc.2
want 0 on mailbox kvno -c /tmp/cc.2 HTTP/www.example.net@EXAMPLE.NET
record_end
on mailbox python3 /lab/keytab.py merge /share/rec/mailbox.keytab /etc/keytabs/mit1.keytab /etc/keytabs/mit2.keytab
