# A TGT with the client's address in it, and a client that gets another address.
MADE="MIT krb5kdc"
mit_up
mit_conf mailbox 'noaddresses = false'
IP4[mailbox]="${IP4[mailbox]} or host 10.77.0.31"
if fault; then
	SHOWS="carol's TGT is bound to 10.77.0.30; then her host has the address 10.77.0.31: KRB_AP_ERR_BADADDR (38)"
	PROVES="38: the ticket is good, the address is another"
	flag=-a
	got=1
else
	SHOWS="address-bound-ticket with a TGT without addresses"
	PROVES="a client may change its address when its tickets hold none"
	flag=-A
	got=0
fi
afterwards "on mailbox bash -c 'ip addr del 10.77.0.31/24 dev eth0; ip route replace 10.77.0.0/24 dev eth0 src 10.77.0.30'"

record_on mailbox.pcapng mit.pcap
carol mailbox $flag
want 0 on mailbox kvno smtp/mail.example.org
on mailbox bash -c 'ip addr add 10.77.0.31/24 dev eth0; ip route replace 10.77.0.0/24 dev eth0 src 10.77.0.31'
want $got on mailbox kvno imap/mail.example.org
record_end
