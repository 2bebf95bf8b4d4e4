# no twin: Kerberos inside TLS, which a capture cannot show; nothing wrong.
SHOWS="LDAP SASL GSSAPI inside TLS on port 636 and after StartTLS on 389 of dc1, and HTTP Negotiate inside TLS on port 443 of hub-1, all accepted; of each the ticket's issue alone is in clear"
PROVES="what went into TLS is named as not visible, beside the ticket that was fetched for it, and is no fault"
MADE="ldapsearch (OpenLDAP 2.5), curl 7.88, Apache 2.4 with mod_ssl"
on hub bash -ec 'a2enmod -q ssl >/dev/null; rm -f /etc/apache2/conf-enabled/lab-also.conf
	[ -f /etc/ssl/lab.pem ] || openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=hub-1.contoso.com -keyout /etc/ssl/lab.pem -out /etc/ssl/lab.crt 2>/dev/null'
apache_also 'Listen 443' '<VirtualHost *:443>' 'SSLEngine on' 'SSLCertificateFile /etc/ssl/lab.crt' 'SSLCertificateKeyFile /etc/ssl/lab.pem' '</VirtualHost>'

record_on mailbox.pcapng hub.pcap dc1.pcapng
user_logon mailbox alice
want 0 on mailbox env LDAPTLS_REQCERT=never ldapsearch -N -Q -Y GSSAPI -O maxssf=0 -H ldaps://dc1.contoso.com -b DC=contoso,DC=com -s base objectClass
want 0 on mailbox env LDAPTLS_REQCERT=never ldapsearch -N -Q -ZZ -Y GSSAPI -O maxssf=0 -H ldap://dc1.contoso.com -b DC=contoso,DC=com -s base objectClass
fetch '000 200' -k --negotiate -u : https://hub-1.contoso.com/
record_end
