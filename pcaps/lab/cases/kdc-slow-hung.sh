# no twin: that of kdc-slow is its twin too.
SHOWS="the only KDC of an MIT realm stands still for 18 s: carol's logon ends in a timeout, what was asked is answered when it goes on, and she logs on then"
PROVES="a KDC that answers after the client gave up was there and hung: it is not unreachable"
mit_up
mit_conf mailbox

record_on mailbox.pcapng mit.pcap
carol mailbox
# shellcheck disable=SC2016
on mit bash -c 'kill -STOP $(cat /run/lab-krb5kdc.pid)'
want 124 on mailbox timeout 15 bash -c "echo $MIT_PASSWORD | kinit carol"
sleep 3
# shellcheck disable=SC2016
on mit bash -c 'kill -CONT $(cat /run/lab-krb5kdc.pid)'
sleep 2
carol mailbox
want 0 on mailbox kvno smtp/mail.example.org
record_end
