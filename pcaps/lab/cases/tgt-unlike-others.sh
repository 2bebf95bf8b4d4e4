# A TGT that no KDC in view would have issued.
MADE="MIT krb5kdc"
mit_up
mit_conf mailbox 'allow_weak_crypto = true'
if fault; then
	SHOWS="six logons are answered with AES256 TGTs; one request shows a TGT encrypted with RC4, made before the capture with a key of krbtgt that no other ticket is made with"
	PROVES="a TGT whose issue nobody saw and that is like no other"
	kadm EXAMPLE.ORG "cpw -e rc4-hmac:normal -randkey krbtgt/EXAMPLE.ORG"
	carol mailbox -c /tmp/cc.old
	kadm EXAMPLE.ORG "cpw -e aes256-cts:normal -randkey -keepold krbtgt/EXAMPLE.ORG"
else
	SHOWS="tgt-unlike-others with krbtgt's key left alone: the one TGT that was made before the capture is of the same key"
	PROVES="a TGT from before the capture is no finding"
	carol mailbox -c /tmp/cc.old
fi

record_on mailbox.pcapng mit.pcap
for _ in 1 2 3 4 5 6; do carol mailbox; done
want 0 on mailbox kvno smtp/mail.example.org
want 0 on mailbox kvno -c /tmp/cc.old imap/mail.example.org
record_end
