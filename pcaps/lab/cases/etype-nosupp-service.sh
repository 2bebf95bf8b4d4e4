# no twin: that of etype-nosupp is its twin too.
SHOWS="a client that offers 18, 17 asks dc1 for svc/rc4.contoso.com, an account of RC4 alone (msDS-SupportedEncryptionTypes 4): KDC_ERR_ETYPE_NOSUPP (14) in TGS; HTTP/hub-1 works"
PROVES="14 for one service while others work: the service account, not the KDC, has no etype in common with the client"
krb5_conf mailbox 'permitted_enctypes = aes256-cts aes128-cts'

record_on mailbox.pcapng hub.pcap dc1.pcap
machine_logon mailbox
http 200
want 1 on mailbox kvno svc/rc4.contoso.com
record_end
