# One host tries one password for many accounts.
MADE="MIT krb5kdc"
mit_up
mit_conf mailbox
pw=Summer-2026
for i in 01 02 03 04 05 06 07 08 09 10 11 12; do kadm EXAMPLE.ORG "addprinc -pw Lab-User-$i-1 user$i"; done
if fault; then
	SHOWS="mailbox-1 tries one password for 12 accounts within seconds; none takes it"
	PROVES="many names, one source, all refused"
	got=1
else
	SHOWS="password-spray with each account's own password"
	PROVES="many users of one host that log on are no finding"
	got=0
fi

record_on mailbox.pcapng mit.pcap
for i in 01 02 03 04 05 06 07 08 09 10 11 12; do
	if ! fault; then pw=Lab-User-$i-1; fi
	# shellcheck disable=SC2016
	want $got on mailbox bash -c 'echo "$1" | kinit "$2"' - $pw "user$i"
done
record_end
