# no twin: secure dynamic updates of DNS, accepted, and one that the zone's rights forbid.
SHOWS="nsupdate -g adds a name to contoso.com at dc1 and deletes it: TKEY with Kerberos accepted, the signed update taken (nsupdate exits with 2 all the same, since it cannot verify Samba's signature of the answer); alice's update of hub-1, whose record she may not change, gets SERVFAIL after an accepted TKEY"
PROVES="TKEY's tokens are read; a refused update after an accepted TKEY is no fault of Kerberos"
MADE="nsupdate of BIND 9.18"
dns_secure

record_on mailbox.pcapng dc1.pcap
machine_logon mailbox
nsupdate_g 2 -- 'update add note.contoso.com 300 A 10.77.0.77'
nsupdate_g 2 -- 'update delete note.contoso.com'
want 0 on mailbox kdestroy
user_logon mailbox alice
nsupdate_g 2 -- 'update add hub-1.contoso.com 300 A 10.77.0.78'
record_end
