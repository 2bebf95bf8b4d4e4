# krbtgt has no AES key: its password is from before the KDC made any.
MADE="MIT krb5kdc"
mit_up
mit_conf mailbox 'allow_weak_crypto = true'
if fault; then
	SHOWS="carol's key and the service's are AES256, krbtgt's is RC4: the TGT is RC4 though the client offers AES and the KDC has AES for others"
	PROVES="without RC4 nobody of this realm could log on; the RC4 section says so of krbtgt"
	kadm EXAMPLE.ORG "cpw -e rc4-hmac:normal -randkey krbtgt/EXAMPLE.ORG"
else
	SHOWS="rc4-in-use-krbtgt with krbtgt's new key of AES256"
	PROVES="a krbtgt with AES keys is no finding"
	kadm EXAMPLE.ORG "cpw -e aes256-cts:normal -randkey krbtgt/EXAMPLE.ORG"
fi

record_on mailbox.pcapng mit.pcap
carol mailbox
want 0 on mailbox kvno smtp/mail.example.org
record_end
