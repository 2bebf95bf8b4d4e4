# no twin: that of key-mismatch is its twin too.
SHOWS="hub-1 answers KRB_AP_ERR_MODIFIED (41), as a Windows acceptor does, to fresh AES256 tickets over X-EXPS and DCE/RPC"
CHANGED="the error-code byte of the KRB-ERROR, 31 as MIT made it, was set to 41 by the acceptor before sending (krberror.py); captures untouched"
SECRETS="hub.keytab: the keys of the processes as they were (lab secrets only)"
PROVES="41 from an acceptor means the same as 31: it cannot decrypt the ticket"
spoil xexps 18
spoil rpc 18
serve xexps --answer-41
serve rpc --answer-41

record_on mailbox.pcap hub.pcapng dc1.pcap
machine_logon mailbox
smtp 1 2525 x-exps
rpc 1 51025 kerberos
rpc 1 51025 spnego
smtp 1 2525 x-exps --spnego
record_end
keep_keytab xexps
