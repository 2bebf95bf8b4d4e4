# A principal that was renamed, its keys kept.
MADE="MIT krb5kdc"
mit_up
mit_conf mailbox
if fault; then
	SHOWS="carol was renamed caroline at an MIT KDC (renprinc): the keys keep the salt EXAMPLE.ORGcarol, ETYPE-INFO2 says so, the logon works"
	PROVES="a salt that the name does not give: a note while all is well"
	kadm EXAMPLE.ORG "renprinc -force carol caroline"
	name=caroline
else
	SHOWS="salt-unexpected without the new name"
	PROVES="the salt of RFC 4120 is no finding"
	name=carol
fi

record_on mailbox.pcapng mit.pcap
want 0 on mailbox bash -c "echo $MIT_PASSWORD | kinit $name"
want 0 on mailbox kvno smtp/mail.example.org
record_end
