# HTTP/hub-1.contoso.com stands on svc-web, but the web server has the keys of HUB-1$.
if fault; then
	SHOWS="HTTP/hub-1.contoso.com is registered on the account svc-web: the KDC encrypts with svc-web's key and hub-1's web server refuses; smtp/ on the same host works"
	PROVES="the refused ticket's kvno is another history than that of the host's other SPNs; hub.keytab holds HTTP/ at the host's kvno"
	status=401
	samdb spn-delete 'HUB-1$' HTTP/hub-1.contoso.com
	samdb spn-add svc-web HTTP/hub-1.contoso.com
	afterwards "samdb spn-add 'HUB-1$' HTTP/hub-1.contoso.com"
	afterwards "samdb spn-delete svc-web HTTP/hub-1.contoso.com"
else
	SHOWS="spn-on-wrong-account with HTTP/ on HUB-1\$"
	PROVES="several SPNs of one account are no finding"
	status=200
fi
SECRETS="hub.keytab: the web server's keys (lab secrets only)"

record_on mailbox.pcapng hub.pcap dc1.pcapng
user_logon mailbox alice
smtp 0 2525 x-exps
http $status
http $status
smtp 0 25 auth
record_end
keep_keytab http
