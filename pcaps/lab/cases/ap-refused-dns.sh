# A DNS server that cannot open the ticket of a TKEY query.
if fault; then
	SHOWS="dc1 refuses the TKEY query of nsupdate -g with BADKEY and no KRB-ERROR; the update is never sent"
	PROVES="BADKEY to a Kerberos token is a refusal by the service"
	CHANGED="the ticket for DNS/dc1.contoso.com in the client's cache was altered by one byte before it was used"
	refused=1
else
	SHOWS="ap-refused-dns with the ticket as it was issued"
	PROVES="no finding on the same traffic with a good ticket"
	refused=2 # nsupdate cannot verify the signature of Samba's answer
fi
MADE="nsupdate of BIND 9.18"
dns_secure

record_on mailbox.pcapng dc1.pcap
machine_logon mailbox
want 0 on mailbox kvno DNS/dc1.contoso.com
if fault; then spoil_ticket; fi
nsupdate_g $refused -- 'update add note.contoso.com 300 A 10.77.0.77'
nsupdate_g $refused -- 'update delete note.contoso.com'
record_end
