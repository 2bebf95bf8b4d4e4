# A logon that the KDC sends to another realm.
MADE="MIT krb5kdc for the other realm, a relay on dc1 (relay.sh)"
CHANGED="the KRB-ERROR 6 for carol, whom dc1 does not know, was made 68 with crealm EXAMPLE.ORG (RFC 6806 section 7) by a relay on dc1 before it left; captures untouched"
mit_up
relay_at_kdc elsewhere 6 EXAMPLE.ORG
on mailbox sed -i 's/^\[realms\]/[realms]\n EXAMPLE.ORG = {\n  kdc = kdc.example.org\n }/' /etc/krb5.conf
if fault; then
	SHOWS="dc1 sends carol to EXAMPLE.ORG (68); the client does not follow, since it did not ask for a canonical name; alice logs on later and visits hub-1"
	PROVES="a referral of a logon that nobody follows"
	got=1 how=""
else
	SHOWS="wrong-realm with a client that follows (kinit -C): carol logs on at EXAMPLE.ORG"
	PROVES="a referral of a logon that is followed is a step"
	got=0 how=-C
fi

record_on mailbox.pcapng dc1.pcap mit.pcap
# shellcheck disable=SC2016,SC2086
want $got on mailbox bash -c 'p=$1; shift; echo "$p" | kinit "$@"' - "$MIT_PASSWORD" $how carol@CONTOSO.COM
sleep 11
user_logon mailbox alice
http 200
record_end
