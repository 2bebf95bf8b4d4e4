# no twin: recording begins when the connections already stand.
SHOWS="captures begun in the middle: connections to SMTP, X-EXPS and DCE/RPC without SYN and greeting, their AP-REQ and acceptance seen; tickets issued before the capture"
PROVES="a stream whose beginning was not captured is read from where it begins"
machine_logon mailbox
want 0 on mailbox kvno smtp/hub-1.contoso.com
smtp 0 25 auth --pause=4 &
smtp 0 2525 x-exps --pause=4 &
smtp 0 2526 x-exps --spnego --initial --pause=4 &
rpc 0 51025 kerberos smtp --pause=4 &
rpc 0 51026 spnego smtp --pause=4 &
sleep 1
record_on mailbox.pcapng hub.pcap
for job in $(jobs -p); do wait "$job"; done
record_end
