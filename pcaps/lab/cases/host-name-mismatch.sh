# A hosts file that puts dc2's name at hub-1's address.
samdb spn-add 'DC2$' smtp/dc2.contoso.com
afterwards "samdb spn-delete 'DC2$' smtp/dc2.contoso.com"
on dc1 bash -ec 'rm -f /share/t.keytab; samba-tool domain exportkeytab /share/t.keytab --principal="DC2\$"' >/dev/null 2>&1
on dc2 bash -ec 'mkdir -p /etc/keytabs; python3 /lab/keytab.py names /share/t.keytab /etc/keytabs/xexps.keytab smtp/dc2.contoso.com; rm /share/t.keytab'
daemon dc2 xexps python3 -u /lab/smtp_server.py 2525 /etc/keytabs/xexps.keytab
afterwards 'stop dc2 xexps'
await xexps listening dc2 2525
if fault; then
	SHOWS="the hosts file of mailbox-1 says that dc2.contoso.com is at hub-1's address; DNS, asked beside it, says otherwise: hub-1 refuses the ticket for smtp/dc2.contoso.com"
	PROVES="the ticket names one host, the connection went to another"
	on mailbox bash -c "echo '${IP4[hub]} dc2.contoso.com # moved' >>/etc/hosts"
	afterwards 'on mailbox sed -i /moved/d /etc/hosts'
	got=1
else
	SHOWS="host-name-mismatch without the entry"
	PROVES="a name that leads where DNS says is no finding"
	got=0
fi

record_on mailbox.pcapng hub.pcap dc1.pcap
machine_logon mailbox
want 0 on mailbox dig +short dc2.contoso.com
smtp 0 2525 x-exps
smtp_to $got dc2.contoso.com 2525 x-exps
record_end
