# no twin: spake-healthy is its twin.
SHOWS="carol types a wrong password; SPAKE (RFC 9588) at an MIT KDC: KDC_ERR_PREAUTH_FAILED (24) after 91"
PROVES="24 after a SPAKE response is a wrong key, 91 before it is a step"
MADE="MIT krb5kdc"
MIT_LIB='spake_preauth_groups = edwards25519'
mit_up
mit_conf mailbox "$MIT_LIB"

record_on mailbox.pcapng mit.pcap
MIT_PASSWORD=Wrong-Password-1 want 1 carol mailbox
sleep 1
MIT_PASSWORD=Wrong-Password-2 want 1 carol mailbox
record_end
