# no twin: HTTP Negotiate on WinRM's port and path.
SHOWS="POST /wsman to hub-1 port 5985 with Negotiate, accepted: once with the token in the first request, once after a 401"
PROVES="HTTP on 5985 is read as on 80"
MADE="Apache 2.4 with mod_auth_gssapi on port 5985 in WinRM's place, curl 7.88; no Windows"
SECRETS="hub.keytab: the keys of Apache (lab secrets only)"
on hub bash -c 'mkdir -p /var/www/html; echo "<s:Envelope/>" >/var/www/html/wsman'
apache_also 'Listen 5985'

record_on mailbox.pcapng hub.pcap
machine_logon mailbox
soap='<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body/></s:Envelope>'
fetch '000 200' --negotiate -u : -H 'Content-Type: application/soap+xml;charset=UTF-8' -d "$soap" http://hub-1.contoso.com:5985/wsman
fetch '000 200' --anyauth -u : -H 'Content-Type: application/soap+xml;charset=UTF-8' -d "$soap" http://hub-1.contoso.com:5985/wsman
record_end
keep_keytab http
