# The client reaches the hub by an alias that no account has an SPN for.
if fault; then
	SHOWS="mailbox-1 asks for HTTP/ and smtp/files.contoso.com, an alias of hub-1 without SPNs: KDC_ERR_S_PRINCIPAL_UNKNOWN (7), no AP-REQ; HTTP stays 401, SMTP ends without AUTH"
	PROVES="7 without any success for the name, while the host's own name works"
	status=401 got=2
else
	SHOWS="spn-unknown with the alias's SPNs registered on HUB-1\$"
	PROVES="an alias with its SPNs is no finding"
	status=200 got=0
	for s in HTTP smtp; do
		samdb spn-add 'HUB-1$' $s/files.contoso.com
		afterwards "samdb spn-delete 'HUB-1$' $s/files.contoso.com"
	done
fi

record_on mailbox.pcapng hub.pcapng dc1.pcap
machine_logon mailbox
http 200
http $status files.contoso.com
smtp_to $got files.contoso.com 2525 x-exps
record_end
