# no twin: KDC traffic in fragmented UDP, over IPv6 (MTU 1280) and IPv4 (MTU 576).
SHOWS="AS and TGS exchanges in fragmented UDP datagrams, requests and replies, over IPv6 at MTU 1280 and IPv4 at MTU 576; SMTP in small segments"
PROVES="fragments of both IP versions are put together"
krb5_conf mailbox 'udp_preference_limit = 32000'
on dc1 cp /etc/krb5-big.conf /etc/krb5.conf
dc_restart dc1
samdb groups 'MAILBOX-1$' 40
afterwards "on dc1 cp /etc/krb5-plain.conf /etc/krb5.conf; dc_restart dc1"
afterwards "samdb ungroup"
afterwards "on mailbox bash -c 'echo precedence ::ffff:0:0/96 100 >/etc/gai.conf'"
# Below 1280 the kernel takes IPv6 off the interface; it comes back before dc1 restarts and binds its addresses.
afterwards 'mtu 1500'

mtu 1280
on mailbox bash -c ': >/etc/gai.conf'
record_on mailbox.pcapng hub.pcap dc1.pcap
machine_logon mailbox
smtp 0 2525 x-exps
mtu 576
on mailbox bash -c 'echo precedence ::ffff:0:0/96 100 >/etc/gai.conf'
cold
machine_logon mailbox
smtp 0 2525 x-exps
record_end
