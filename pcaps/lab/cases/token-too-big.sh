# A user of very many groups, and a web server that takes header lines of 8 kB, as Apache does by default.
samdb groups alice 1340
afterwards "samdb ungroup"
if fault; then
	SHOWS="alice is a member of 1340 groups: Apache on hub-1 answers her token with 400, bob's with 200"
	PROVES="a token larger than what the server takes, a small one accepted"
	status=400
else
	SHOWS="token-too-big with LimitRequestFieldSize 65536"
	PROVES="a large token that is accepted is no finding"
	on hub bash -ec 'echo "LimitRequestFieldSize 65536" >/etc/apache2/conf-enabled/big.conf; apachectl -k restart' >>"$STATE/share/case.log" 2>&1
	afterwards "on hub bash -c 'rm -f /etc/apache2/conf-enabled/big.conf; apachectl -k restart' >/dev/null 2>&1"
	status=200
	sleep 1
fi

record_on mailbox.pcapng hub.pcap
user_logon mailbox bob
http 200
cold
user_logon mailbox alice
http $status
record_end
