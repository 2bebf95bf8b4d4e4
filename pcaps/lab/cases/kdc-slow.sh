# The KDC's processes are stopped for two seconds in each of three logons.
if fault; then
	SHOWS="three logons of mailbox-1 answered by dc1 after 2.3 s, the requests repeated over IPv6 and TCP meanwhile"
	PROVES="all succeeds, slowly: the time from request to answer, at the client and at the DC itself"
else
	SHOWS="kdc-slow without the stops"
	PROVES="answers within milliseconds are no finding"
fi

record_on mailbox.pcapng hub.pcap dc1.pcap
for _ in 1 2 3; do
	cold
	if fault; then
		# shellcheck disable=SC2016
		on dc1 bash -c 'kill -STOP $(pgrep kdc)'
		# shellcheck disable=SC2016
		(sleep 2.3; on dc1 bash -c 'kill -CONT $(pgrep kdc)') &
	fi
	machine_logon mailbox
	wait
done
smtp 0 25 auth
record_end
