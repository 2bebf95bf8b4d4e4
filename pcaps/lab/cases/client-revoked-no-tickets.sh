# no twin: that of client-revoked is its twin too.
SHOWS="carol's entry in an MIT realm gets no tickets (modprinc -allow_tix): KDC_ERR_CLIENT_REVOKED (18) with the text CLIENT LOCKED OUT"
PROVES="whatever its words say, MIT's KDC means an entry that was switched off: unlocking it would not help"
mit_up
mit_conf mailbox
kadm EXAMPLE.ORG modprinc -allow_tix carol
afterwards kadm EXAMPLE.ORG modprinc +allow_tix carol

record_on mailbox.pcapng
want 1 on mailbox bash -c "echo $MIT_PASSWORD | kinit carol"
record_end
