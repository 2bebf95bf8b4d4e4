# carol's certificate is from a CA that the KDC does not trust.
MADE="MIT krb5kdc and krb5-pkinit, certificates by openssl"
MIT_KDC='pkinit_identity = FILE:/share/pki/kdc.pem,/share/pki/kdc.key
pkinit_anchors = FILE:/share/pki/ca.pem'
pki_made
cert=carol other=''
if fault; then
	SHOWS="carol logs on with a certificate of another CA than the one that the KDC trusts, and is refused"
	PROVES="an error of certificate logon (RFC 4556): the certificate, not the password"
	on mailbox bash -ec '
		cd /share/pki
		openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=Other CA" -keyout other.key -out other.pem
		openssl x509 -req -in carol.csr -CA other.pem -CAkey other.key -CAcreateserial -days 30 -extfile carol.cnf -extensions e -out stranger.pem' >>"$STATE/share/pki.log" 2>&1
	cert=stranger got=1 other='pkinit_anchors = FILE:/share/pki/other.pem'
else
	SHOWS="pkinit-failed with a certificate of the CA that the KDC trusts"
	PROVES="a certificate logon that succeeds is no finding"
	got=0
fi
mit_up
mit_conf mailbox 'pkinit_anchors = FILE:/share/pki/ca.pem' ${other:+"$other"}

record_on mailbox.pcapng mit.pcap
want $got on mailbox kinit -X X509_user_identity=FILE:/share/pki/$cert.pem,/share/pki/carol.key carol
record_end
