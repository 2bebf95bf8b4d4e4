# no twin: kadmin to kadmind, in both of its authentications.
SHOWS="kadmin of the MIT realm EXAMPLE.ORG: with RPCSEC_GSS (flavor 6), and with -O by the older AUTH_GSSAPI (flavor 300001), both accepted; principals listed, one made, a password changed with kpasswd"
PROVES="kadmin's AP-REQ is read in both flavors; the ticket for kadmin/admin comes with an AS-REQ, not a TGS-REQ"
MADE="MIT krb5kdc, kadmind, kadmin and kpasswd 1.20"
mit_up
on mit bash -c 'echo "*/admin@EXAMPLE.ORG *" >/etc/krb5kdc/acl'
kadm EXAMPLE.ORG 'addprinc -pw Lab-Mit-Admin-1 admin/admin'
kadm EXAMPLE.ORG 'addprinc -randkey kadmin/kdc.example.org'
kadmind_up
mit_conf mailbox

record_on mailbox.pcapng mit.pcap
kadmin_q 0 listprincs
kadmin_q 0 'addprinc -pw Lab-Mit-Other-1 other' -O
want 0 on mailbox bash -c 'printf "Lab-Carol-1\nLab-Carol-2\nLab-Carol-2\n" | kpasswd carol'
record_end
