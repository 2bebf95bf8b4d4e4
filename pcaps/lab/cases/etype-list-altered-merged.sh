# etype-list-altered with both captures merged into one file.
# shellcheck source=/dev/null
. "$LABDIR/cases/etype-list-altered.sh"
MADE="$MADE; mergecap"
if fault; then
	SHOWS="etype-list-altered with both captures in one file: alice's AS-REQ with 18, 17, 23, and, while it waits, the same with 23 alone"
	PROVES="the two are two sides of who changes the list, and no request sent again; what the client offers is not judged by the changed one"
else
	SHOWS="etype-list-altered-merged with a relay that passes all on as it is"
	PROVES="the same request on both sides of a relay in one file is no finding"
fi
(cd "$STATE/share/rec" && mergecap -w both.pcapng mailbox.pcapng dc1.pcap && rm mailbox.pcapng dc1.pcap)
