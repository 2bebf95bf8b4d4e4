# no twin: Negotiate to a proxy, accepted.
SHOWS="Squid on hub-1 port 3128 asks for Negotiate with 407 and accepts Proxy-Authorization: for a GET of a page that itself needs Kerberos (401 from the server behind it), and for a CONNECT with HTTP inside"
PROVES="407 and Proxy-Authorization are read apart from 401 and Authorization, and the authentication inside a CONNECT too"
MADE="Squid 5.7 with its negotiate_kerberos_auth, curl 7.88"
SECRETS="hub.keytab: the keys of Squid and Apache (lab secrets only)"
squid_up

record_on mailbox.pcapng hub.pcap
user_logon mailbox alice
fetch '000 407' -x http://hub-1.contoso.com:3128 http://hub-1.contoso.com/
fetch '000 401' --proxy-negotiate -U : -x http://hub-1.contoso.com:3128 http://hub-1.contoso.com/
fetch '000 200' --proxy-negotiate -U : --negotiate -u : -x http://hub-1.contoso.com:3128 http://hub-1.contoso.com/
fetch '200 200' --proxy-negotiate -U : --negotiate -u : -p -x http://hub-1.contoso.com:3128 http://hub-1.contoso.com/
record_end
keep_keytab squid
