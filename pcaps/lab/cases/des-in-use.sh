# A service account of a Heimdal KDC with a DES key alone.
SECRETS="mailbox.keytab: krbtgt of EXAMPLE.COM and the service's keys (lab secrets only)"
MADE="Heimdal 7.8, its KDC and clients"
heimdal_up
if fault; then
	SHOWS="erin gets a ticket for host/old.example.com, an account with a DES key alone, from a Heimdal KDC: ticket and session key are DES"
	PROVES="a DES ticket beside AES logons: the account, not the client"
	hadm add_enctype -r host/old.example.com des-cbc-crc
	hadm del_enctype host/old.example.com aes256-cts-hmac-sha1-96 des3-cbc-sha1 arcfour-hmac-md5
else
	SHOWS="des-in-use with the account's ordinary keys, AES256 among them"
	PROVES="Heimdal's KDC and client with AES are no finding"
fi
heimdal_start

record_on mailbox.pcapng mit.pcap
want 0 erin mailbox
want 0 heimdal mailbox bin/kgetcred host/old.example.com@EXAMPLE.COM
record_end
hadm ext_keytab -k /share/rec/mailbox.keytab host/old.example.com krbtgt/EXAMPLE.COM
