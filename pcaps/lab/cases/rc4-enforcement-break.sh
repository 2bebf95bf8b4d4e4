# A client that knows RC4 alone, before and after RC4 is switched off at the DC.
krb5_conf mailbox 'default_tkt_enctypes = rc4-hmac' 'default_tgs_enctypes = rc4-hmac' 'permitted_enctypes = rc4-hmac'
if fault; then
	SHOWS="alice logs on from a client that offers RC4 alone; then dc1 is restarted without RC4 (kdc supported enctypes) and answers the same request with KDC_ERR_ETYPE_NOSUPP (14)"
	PROVES="what was given is refused by the same KDC: RC4 was switched off in between"
	got=1
else
	SHOWS="rc4-enforcement-break with a client that offers AES too"
	PROVES="switching RC4 off at the DC is no finding where nobody depends on it"
	krb5_conf mailbox
	got=0
fi

record_on mailbox.pcapng dc1.pcap
user_logon mailbox alice
on dc1 sed -i 's/^\[global\]/[global]\n\tkdc supported enctypes = aes128-cts-hmac-sha1-96 aes256-cts-hmac-sha1-96/' /etc/samba/smb.conf
afterwards "on dc1 sed -i '/kdc supported enctypes/d' /etc/samba/smb.conf; dc_restart dc1"
dc_restart dc1
want $got user_logon mailbox alice
record_end
