# no twin: a PAC of many groups, in many TCP segments.
SHOWS="alice is a member of 250 groups; her tickets go over HTTP, LDAP and SMB in segments of 536 bytes and less"
PROVES="AP-REQs that lie in many segments are read whole"
SECRETS="hub.keytab: the hub's keys (lab secrets only)"
samdb groups alice 250
afterwards "samdb ungroup"
afterwards 'mtu 1500'
smb_up

mtu 576
record_on mailbox.pcapng hub.pcap
user_logon mailbox alice
http 200
want 0 on mailbox ldapsearch -N -Q -Y GSSAPI -H ldap://dc1.contoso.com -b DC=contoso,DC=com -s base objectClass
want 0 on mailbox smbclient //hub-1.contoso.com/share --use-kerberos=required --use-krb5-ccache=/tmp/krb5cc_0 -c exit
record_end
keep_keytab http
smb_down
