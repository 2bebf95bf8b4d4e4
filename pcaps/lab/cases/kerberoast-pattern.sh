# One user asks for tickets of twelve services and visits none.
for i in 01 02 03 04 05 06 07 08 09 10 11 12; do
	samdb spn-add svc-web "MSSQLSvc/db$i.contoso.com:1433"
	afterwards "samdb spn-delete svc-web MSSQLSvc/db$i.contoso.com:1433"
done
if fault; then
	SHOWS="alice asks for RC4 tickets of 12 database services within seconds and presents none"
	PROVES="many services of user accounts, RC4 alone, nothing visited: tickets to guess passwords from"
	how="-e rc4-hmac"
else
	SHOWS="kerberoast-pattern with the client's ordinary list, AES first"
	PROVES="many AES tickets are no finding"
	how=""
fi

record_on mailbox.pcapng dc1.pcap
user_logon mailbox alice
for i in 01 02 03 04 05 06 07 08 09 10 11 12; do
	# shellcheck disable=SC2086
	want 0 on mailbox kvno $how "MSSQLSvc/db$i.contoso.com:1433"
done
record_end
