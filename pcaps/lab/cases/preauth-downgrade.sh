# A keytab that holds the RC4 key alone, at a KDC that names every key of the account.
CHANGED="nothing in the captures; a relay at dc1's door (relay.sh) adds the RC4 key to dc1's ETYPE-INFO2 in both, since Samba names one key where Windows names all"
afterwards "on mailbox rm -f /etc/keytabs/rc4.keytab"
on mailbox python3 /lab/keytab.py only /etc/keytabs/truth.keytab /etc/keytabs/rc4.keytab 23
if fault; then
	SHOWS="mailbox-1 logs on with a keytab of its RC4 key alone: its list has AES256, dc1 offers AES256 and RC4, and it encrypts its timestamp with RC4"
	PROVES="both ends could do AES, and the client chose RC4: it holds no AES key"
	keytab=rc4
else
	SHOWS="preauth-downgrade with a keytab that has the AES keys too"
	PROVES="an offer of RC4 beside AES is no finding when the client takes AES"
	keytab=truth
fi
relay_at_kdc key 23

record_on mailbox.pcapng dc1.pcap
on mailbox kinit -k -t "/etc/keytabs/$keytab.keytab" 'MAILBOX-1$'
record_end
