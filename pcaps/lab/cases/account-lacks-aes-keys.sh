# An account whose password was last set before the domain knew AES: only the RC4 key is stored.
on dc1 bash -ec 'samba-tool user create frank Lab-User-1' >>"$STATE/share/case.log" 2>&1
afterwards "on dc1 samba-tool user delete frank >/dev/null 2>&1"
if fault; then
	SHOWS="frank logs on with RC4 where alice at the same DC has AES256; a client that offers AES alone gets KDC_ERR_ETYPE_NOSUPP (14)"
	CHANGED="nothing in the captures; supplementalCredentials of frank was deleted from the directory, which leaves the RC4 key"
	PROVES="the DC offers AES to others and RC4 alone to this account: the account has no AES key"
	# shellcheck disable=SC2016
	on dc1 bash -c 'printf "dn: CN=frank,CN=Users,DC=contoso,DC=com\nchangetype: modify\ndelete: supplementalCredentials\n" | ldbmodify -H "tdb:///var/lib/samba/private/sam.ldb.d/DC=CONTOSO,DC=COM.ldb"' >>"$STATE/share/case.log" 2>&1
	got=1
else
	SHOWS="account-lacks-aes-keys with a password set in a domain that knows AES"
	PROVES="an account with AES keys is no finding"
	got=0
fi

record_on mailbox.pcapng dc1.pcap
user_logon mailbox frank Lab-User-1
user_logon mailbox alice
krb5_conf mailbox 'permitted_enctypes = aes256-cts aes128-cts'
want $got user_logon mailbox frank Lab-User-1
record_end
