# no twin: the second form of some carriers, nothing wrong.
SHOWS="Kerberos accepted with an SMTP initial response, X-EXPS with SPNEGO and with an initial response, DCE/RPC to dc1 with auth_type 9, where the third leg is an alter_context"
PROVES="the second form of a carrier is read like the first"

record_on mailbox.pcapng hub.pcapng dc1.pcap
user_logon mailbox alice
smtp 0 25 auth --initial
smtp 0 2525 x-exps --spnego
smtp 0 2526 x-exps --spnego --initial
want 0 on mailbox rpcclient 'ncacn_ip_tcp:dc1.contoso.com[spnego,seal]' --use-kerberos=required --use-krb5-ccache=/tmp/krb5cc_0 -c 'dscracknames CONTOSO\alice'
record_end
