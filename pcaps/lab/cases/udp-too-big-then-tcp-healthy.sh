# no twin: every reply of the KDC too big for UDP, nothing wrong.
SHOWS="AS and TGS requests over UDP answered KRB_ERR_RESPONSE_TOO_BIG (52), repeated over TCP with success"
PROVES="52 followed by TCP is a step, not an error"
krb5_conf mailbox 'udp_preference_limit = 32000'

record_on mailbox.pcap hub.pcapng dc1.pcap
machine_logon mailbox
smtp 0 25 auth
user_logon mailbox alice
http 200
record_end
