# An LDAP server that refuses for the channel binding.
dc2_synced
KDC=${IP4[dc1]} krb5_conf mailbox
if fault; then
	SHOWS="dc2's LDAP server refuses alice's bind: invalidCredentials, 80090346 (SEC_E_BAD_BINDINGS)"
	MADE="a relay on dc2 (replace.py)"
	CHANGED="the bind, refused because the ticket was for another host, said 8009030C; a relay on dc2 made that 80090346 before the answer left; captures untouched. On a real network such a bind is inside TLS and seen only decrypted"
	PROVES="the status names the channel binding, and it is no matter of the key"
	on mailbox bash -c "echo '${IP4[dc2]} dc1.contoso.com # moved' >>/etc/hosts"
	afterwards 'on mailbox sed -i /moved/d /etc/hosts'
	daemon dc2 replace setpriv --reuid 65534 --clear-groups python3 -u /lab/replace.py 8389 "${IP4[dc2]}" 389 8009030C 80090346
	await replace listening dc2 8389
	on dc2 nft "add table ip relay; add chain ip relay pre { type nat hook prerouting priority -100; }
		add rule ip relay pre ip saddr ${IP4[mailbox]} tcp dport 389 redirect to :8389"
	afterwards 'stop dc2 replace; on dc2 nft delete table ip relay'
	name=dc1 got=49
else
	SHOWS="channel-binding with the ticket for the host itself and no relay"
	PROVES="a bind that is accepted is no finding"
	name=dc2 got=0
fi

record_on mailbox.pcapng dc2.pcap
user_logon mailbox alice
want $got on mailbox ldapsearch -N -Q -Y GSSAPI -H ldap://$name.contoso.com -b DC=contoso,DC=com -s base objectClass
record_end
