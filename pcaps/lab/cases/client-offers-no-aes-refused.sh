# no twin: that of etype-nosupp is its twin too.
SHOWS="a client that offers 23 alone asks dc1 for svc/aes.contoso.com, an account of AES alone (msDS-SupportedEncryptionTypes 24): KDC_ERR_ETYPE_NOSUPP (14) in TGS"
PROVES="14 for an AES-only service and an RC4-only client: no etype in common"
krb5_conf mailbox 'default_tkt_enctypes = rc4-hmac' 'default_tgs_enctypes = rc4-hmac' 'permitted_enctypes = rc4-hmac'

record_on mailbox.pcap dc1.pcapng
machine_logon mailbox
want 1 on mailbox kvno svc/aes.contoso.com
record_end
