# A relay between client and KDC that changes messages (relay.py): at the KDC's door, at the client's, or on a host between the two.

RELAY_PORT=8800

# The relay runs as nobody, whose own packets nft leaves alone.
relay_start() { # HOST KDC-ADDRESS CHANGE...
	local host=$1
	shift
	daemon "$host" relay setpriv --reuid 65534 --clear-groups python3 -u /lab/relay.py $RELAY_PORT "$@"
	await relay listening "$host" $RELAY_PORT
	afterwards "stop $host relay; on $host nft delete table ip relay"
}
# relay_at_kdc CHANGE...: dc1 answers, the relay changes it before it leaves; the captures of both sides hold what went over the wire.
relay_at_kdc() {
	relay_start dc1 "${IP4[dc1]}" "$@"
	on dc1 nft "add table ip relay; add chain ip relay pre { type nat hook prerouting priority -100; }
		add rule ip relay pre ip saddr ${IP4[mailbox]} udp dport 88 redirect to :$RELAY_PORT
		add rule ip relay pre ip saddr ${IP4[mailbox]} tcp dport 88 redirect to :$RELAY_PORT"
}
# relay_at_client CHANGE...: mailbox's requests are changed before they leave it.
relay_at_client() {
	relay_start mailbox "${IP4[dc1]}" "$@"
	on mailbox nft "add table ip relay; add chain ip relay out { type nat hook output priority -100; }
		add rule ip relay out meta skuid != 65534 udp dport 88 dnat to ${IP4[mailbox]}:$RELAY_PORT
		add rule ip relay out meta skuid != 65534 tcp dport 88 dnat to ${IP4[mailbox]}:$RELAY_PORT"
}
# relay_between CHANGE...: the host of mit.sh stands between mailbox and dc1, as after ARP spoofing: both send it what is for the other.
relay_between() {
	mit_host_up
	relay_start mit "${IP4[dc1]}" "$@"
	on mit bash -ec 'sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0'
	on mit nft "add table ip relay; add chain ip relay pre { type nat hook prerouting priority -100; }
		add chain ip relay post { type nat hook postrouting priority 100; }
		add rule ip relay pre ip saddr ${IP4[mailbox]} ip daddr ${IP4[dc1]} udp dport 88 redirect to :$RELAY_PORT
		add rule ip relay pre ip saddr ${IP4[mailbox]} ip daddr ${IP4[dc1]} tcp dport 88 redirect to :$RELAY_PORT
		add rule ip relay post meta skuid 65534 ip daddr ${IP4[dc1]} snat to ${IP4[mailbox]}"
	on mailbox ip neigh replace "${IP4[dc1]}" lladdr "${MAC[mit]}" nud permanent dev eth0
	on dc1 ip neigh replace "${IP4[mailbox]}" lladdr "${MAC[mit]}" nud permanent dev eth0
	afterwards "on mailbox ip neigh del ${IP4[dc1]} dev eth0; on dc1 ip neigh del ${IP4[mailbox]} dev eth0; on mit sysctl -qw net.ipv4.ip_forward=0"
}
