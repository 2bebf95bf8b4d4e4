# no twin: well-known protocols on ports that say nothing.
SHOWS="LDAP SASL GSSAPI and GSS-SPNEGO on port 10389 (socat to dc1's 389), SMB2 on port 1445 and HTTP Negotiate on port 8765 of hub-1, SMTP AUTH GSSAPI on port 10025 (socat to Postfix), all accepted"
PROVES="a carrier is found by what it says, not by its port"
MADE="socat 1.7"
smb_up
also_on dc1 10389 389
also_on hub 10025 25
also_on hub 1445 445
apache_also 'Listen 8765'

record_on mailbox.pcapng hub.pcap dc1.pcapng
user_logon mailbox alice
want 0 on mailbox ldapsearch -N -Q -Y GSSAPI -H ldap://dc1.contoso.com:10389 -b DC=contoso,DC=com -s base objectClass
want 0 on mailbox ldapsearch -N -Q -Y GSS-SPNEGO -H ldap://dc1.contoso.com:10389 -b DC=contoso,DC=com -s base objectClass
want 0 on mailbox smbclient //hub-1.contoso.com/share -p 1445 --use-kerberos=required --use-krb5-ccache=/tmp/krb5cc_0 -c exit
fetch '000 200' --negotiate -u : http://hub-1.contoso.com:8765/
smtp 0 10025 auth
record_end
smb_down
