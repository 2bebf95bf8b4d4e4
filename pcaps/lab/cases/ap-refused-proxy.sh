# A proxy whose keytab holds a wrong AES key.
if fault; then
	SHOWS="Squid on hub-1 port 3128 refuses fresh tickets: 407 again, without a token, to a GET and to a CONNECT; Apache on the same host accepts the very same ticket"
	PROVES="407 to a Kerberos token is a refusal by the proxy, not by the server behind it"
	get='000 407' connect='407 000'
	spoil squid 18
else
	SHOWS="ap-refused-proxy with the right keys"
	PROVES="no finding on the same traffic with the right key"
	get='000 401' connect='200 401'
fi
MADE="Squid 5.7 with its negotiate_kerberos_auth, curl 7.88"
SECRETS="hub.keytab: the keys of Squid as they were (lab secrets only)"
squid_up

record_on mailbox.pcapng hub.pcap dc1.pcapng
user_logon mailbox alice
fetch "$get" --proxy-negotiate -U : -x http://hub-1.contoso.com:3128 http://hub-1.contoso.com/
fetch "$connect" --proxy-negotiate -U : -p -x http://hub-1.contoso.com:3128 http://hub-1.contoso.com/
record_end
keep_keytab squid
