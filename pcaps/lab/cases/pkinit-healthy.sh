# no twin: PKINIT (RFC 4556) at MIT: Diffie-Hellman, RSA, and an anonymous logon.
SHOWS="carol logs on with a certificate at an MIT KDC, once with Diffie-Hellman and once with RSA, and somebody logs on as WELLKNOWN/ANONYMOUS"
PROVES="logons with certificates and without names are no finding"
MADE="MIT krb5kdc and krb5-pkinit, certificates by openssl"
MIT_KDC='pkinit_identity = FILE:/share/pki/kdc.pem,/share/pki/kdc.key
pkinit_anchors = FILE:/share/pki/ca.pem'
pki_made
mit_up
mit_conf mailbox 'pkinit_anchors = FILE:/share/pki/ca.pem'
kadm EXAMPLE.ORG addprinc -randkey WELLKNOWN/ANONYMOUS

record_on mailbox.pcapng mit.pcap
want 0 on mailbox kinit -X X509_user_identity=FILE:/share/pki/carol.pem,/share/pki/carol.key carol
want 0 on mailbox kvno smtp/mail.example.org
want 0 on mailbox kinit -X X509_user_identity=FILE:/share/pki/carol.pem,/share/pki/carol.key -X flag_RSA_PROTOCOL=yes carol
want 0 on mailbox kinit -n
record_end
