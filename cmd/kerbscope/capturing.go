package main

// capturing is "kerbscope explain capturing". Set by hand, at most 100 columns.
const capturing = `HOW TO RECORD, SO THAT THE CAPTURES TELL SOMETHING

1. WHERE
   Best at three hosts at the same time, each into a file of its own; the clocks need not agree:
   - the client: the host that wants something (the mailbox server, the workstation). If you can
     record at one host only, take this one: it sees the domain controller and the service.
   - the service: the host that refuses (the hub server, the file or web server).
   - the domain controllers that the client may ask. The one in use: nltest /dsgetdc:DOMAIN
   Not behind a load balancer or a TLS proxy only: what stands inside TLS cannot be read.

2. START WITH EMPTY CACHES
   A ticket that was fetched before the recording leaves the domain controller's part out. On the
   client, when the recording runs:
     Windows, services and the computer account   klist -li 0x3e7 purge
     Windows, services run as Network Service     klist -li 0x3e4 purge
     Windows, the user's own session              klist purge
     names                                        ipconfig /flushdns
     Linux                                        kdestroy -A
   Connections that are open stay as they are: close the program, restart the service, or
   net use * /delete.

3. RECORD, WHOLE PACKETS
   Windows 10, Server 2019 and later, nothing to install (as administrator):
     pktmon start --capture --pkt-size 0 --file-name C:\hub.etl
     pktmon stop
     Without --pkt-size 0 only 128 bytes of each packet are kept, and no ticket is whole.
     Where --capture is unknown (Server 2019): pktmon start --etw -p 0
   Windows 7, Server 2008 R2 and later, nothing to install (as administrator):
     netsh trace start capture=yes report=disabled maxsize=512 tracefile=C:\hub.etl
     netsh trace stop
   With Wireshark installed (dumpcap -D lists the interfaces):
     dumpcap -i Ethernet -s 0 -w C:\hub.pcapng
     For a fault that comes rarely, a ring of 20 files of 100 MB:
     dumpcap -i Ethernet -s 0 -b filesize:100000 -b files:20 -w C:\hub.pcapng
   Linux:
     tcpdump -i eth0 -s 0 -U -w hub.pcap
     tshark -i eth0 -s 0 -w hub.pcapng
   Better no filter. If there must be one, take hosts, not ports: RPC uses changing ports, and the
   later fragments of a UDP packet have no port.
     tcpdump -i eth0 -s 0 -w hub.pcap 'host 10.0.0.20 or host 10.0.0.10'

4. LET IT FAIL, THEN LET SOMETHING WORK
   Let the fault happen two or three times. Then, if you can, do something near it that works: the
   same client to another service, the same service run under another account. The comparison
   often decides.

5. NOTE
   - when it failed (time and time zone), and what the user or the event log said, word for word
   - names and addresses of client, service and domain controllers; host names, aliases, balancers
   - the account that the service runs as:          sc.exe qc SERVICE
   - the accounts that hold the service's SPN:      setspn -Q SERVICE/HOST
   - what the client has in its cache afterwards:   klist -li 0x3e7 tickets

6. THEN
     kerbscope mailbox.pcapng hub.pcapng dc1.pcapng
   If the roles of the hosts do not show by themselves: --role hub=10.0.0.20

   Captures hold names, addresses and encrypted tickets, from which weak passwords can be guessed.
   Treat them like passwords. kerbscope sends nothing anywhere and needs no keys; with a keytab of
   the service (--keytab) it can also check whether the key fits.
`
