# no twin: Kerberos in every carrier, nothing wrong.
SHOWS="Kerberos accepted over SMTP AUTH GSSAPI, X-EXPS GSSAPI, HTTP Negotiate, LDAP SASL (GSSAPI and GSS-SPNEGO), SMB2, DCE/RPC (Samba's and the lab's own, auth_type 9 and 16) and kpasswd; one anonymous SMTP session"
PROVES="each carrier's acceptance is seen and nothing is found wrong"
SECRETS="hub.keytab: the hub's keys (lab secrets only)"
smb_up
krb5_conf mailbox 'udp_preference_limit = 1'
on mailbox bash -c 'echo options no-aaaa >>/etc/resolv.conf' # half the DNS: keeps the capture small

record_on mailbox.pcap hub.pcapng dc1.pcapng
machine_logon mailbox
smtp 0 25 auth
smtp 0 25 none
smtp 0 2525 x-exps
http 200
rpc 0 51025 kerberos
rpc 0 51026 spnego
want 0 on mailbox ldapsearch -N -Q -Y GSSAPI -H ldap://dc1.contoso.com -b DC=contoso,DC=com -s base objectClass
want 0 on mailbox ldapsearch -N -Q -Y GSS-SPNEGO -H ldap://dc1.contoso.com -b DC=contoso,DC=com -s base objectClass
want 0 on mailbox kdestroy
user_logon mailbox alice
want 0 on mailbox smbclient //hub-1.contoso.com/share --use-kerberos=required --use-krb5-ccache=/tmp/krb5cc_0 -c exit
want 0 on mailbox rpcclient 'ncacn_ip_tcp:dc1.contoso.com[krb5,seal]' --use-krb5-ccache=/tmp/krb5cc_0 -c 'dscracknames CONTOSO\alice'
want 0 on mailbox kdestroy
want 0 on mailbox bash -c 'printf "Lab-Alice-1\nLab-Alice-2\nLab-Alice-2\n" | kpasswd alice'
record_end
keep_keytab postfix
smb_down
samdb password alice "${PASSWORD[alice]}"
