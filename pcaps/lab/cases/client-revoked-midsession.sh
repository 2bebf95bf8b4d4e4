# no twin: that of client-revoked is its twin too.
SHOWS="carol2 works on mailbox-1 when her account is disabled: new tickets for her TGT are refused with KDC_ERR_POLICY (12), a logon with KDC_ERR_CLIENT_REVOKED (18)"
PROVES="12 to the TGS-REQs and 18 to the AS-REQ have one cause: the account was disabled during the session"
on dc1 samba-tool user create carol2 Lab-User-1 >>"$STATE/share/case.log" 2>&1
afterwards "on dc1 samba-tool user delete carol2 >/dev/null 2>&1"

record_on mailbox.pcapng dc1.pcap
user_logon mailbox carol2 Lab-User-1
http 200
on dc1 samba-tool user disable carol2 >>"$STATE/share/case.log" 2>&1
want 1 on mailbox kvno smtp/hub-1.contoso.com
want 1 user_logon mailbox carol2 Lab-User-1
record_end
