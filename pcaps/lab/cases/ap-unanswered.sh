# A service that hangs.
if fault; then
	SHOWS="hub-1's SMTP server stops working between EHLO and the token (SIGSTOP): its host acknowledges the AP-REQ, nobody answers, and the client gives up after eight seconds"
	PROVES="an AP-REQ into silence, and who closed the connection"
	got=124
	# shellcheck disable=SC2016
	afterwards 'on hub bash -c "kill -CONT \$(cat /run/lab-xexps.pid)"'
else
	SHOWS="ap-unanswered with the server at work"
	PROVES="an answered AP-REQ is no finding"
	got=0
fi

record_on mailbox.pcapng hub.pcap
machine_logon mailbox
if fault; then
	# shellcheck disable=SC2016
	on hub bash -c 'sleep 1.5; kill -STOP $(cat /run/lab-xexps.pid)' &
fi
want $got on mailbox timeout 10 python3 /lab/smtp_client.py hub-1.contoso.com 2525 x-exps --pause=2 --initial
record_end
