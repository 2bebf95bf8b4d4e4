# no twin: frames cut by the snaplen.
SHOWS="a healthy logon and SMTP, X-EXPS and HTTP authentication recorded with snaplen 256 at mailbox and dc1 and 160 at hub"
PROVES="what a short snaplen cut off is said to be missing, and no fault is made of it"
SNAPLEN=256
declare -A SNAPLEN_OF=([hub]=160)

record_on mailbox.pcapng hub.pcap dc1.pcap
machine_logon mailbox
smtp 0 25 auth
smtp 0 2525 x-exps
http 200
record_end
SNAPLEN_OF=()
