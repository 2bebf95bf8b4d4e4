# no twin: everything over IPv6.
SHOWS="DNS, KDC, SMTP, X-EXPS, HTTP and DCE/RPC over IPv6, all accepted"
PROVES="IPv6 is read like IPv4"
on mailbox bash -c 'cp /etc/resolv.conf /tmp/resolv.conf.v4; sed -i "s/^nameserver.*/nameserver fd77::10/" /etc/resolv.conf; : >/etc/gai.conf'
afterwards "on mailbox bash -c 'cp /tmp/resolv.conf.v4 /etc/resolv.conf; echo precedence ::ffff:0:0/96 100 >/etc/gai.conf'"

record_on mailbox.pcapng hub.pcap dc1.pcapng
machine_logon mailbox
smtp 0 25 auth --6
smtp 0 2525 x-exps --6
http 200
rpc 0 51025 kerberos smtp --6
record_end
