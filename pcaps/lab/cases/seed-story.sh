# The story: mail from mailbox to hub stops because one service process on the hub holds a wrong AES key, while another process
# of the same host, with the right key, takes the very same ticket. The registry value behind it shows as an AS list of RC4 alone: RC4 preauthentication, AES256 tickets.
PROVES="the same ticket is accepted at hub:2525 and hub:51026 and refused at hub:25 (bare 535) and hub:51025 (KRB-ERROR 31): KDC, SPN, account and kvno are right, the refusing process holds another key"
if fault; then
	SHOWS="submission from mailbox-1 to hub-1 refused although the KDC issued a good AES256 ticket for smtp/hub-1.contoso.com; anonymous SMTP goes through"
	spoil postfix 18
	spoil rpc 18
else
	SHOWS="seed-story with the right key in every process of hub-1 and the usual etype list"
	PROVES="one ticket accepted by four processes of one host is no finding"
fi
SECRETS="hub.keytab: the keys of the processes at hub:25 and hub:51025 as they were (lab secrets only)"
if fault; then
	krb5_conf mailbox 'default_tkt_enctypes = rc4-hmac'
	refused=1
else
	refused=0
fi

record_on mailbox.pcapng hub.pcap dc1.pcapng
smtp 0 25 none
machine_logon mailbox
smtp $refused 25 auth
rpc $refused 51025 kerberos
sleep 1
smtp $refused 25 auth --initial
smtp 0 2525 x-exps
sleep 1
rpc $refused 51025 spnego
rpc 0 51026 kerberos
smtp $refused 25 auth
smtp 0 25 none
record_end
keep_keytab postfix
