# no twin: that of client-unknown is its twin too.
SHOWS="erin works on mailbox-1 when her account is renamed to emily: a new ticket for her TGT is refused, and so is a logon as erin with KDC_ERR_C_PRINCIPAL_UNKNOWN (6); emily logs on with keys whose salt says erin"
PROVES="an account that the KDC knew before was renamed, and to what: the salt of its AES keys tells"
on dc1 samba-tool user create erin Lab-User-1 >>"$STATE/share/case.log" 2>&1
afterwards "on dc1 bash -c 'samba-tool user delete emily || samba-tool user delete erin' >/dev/null 2>&1"

record_on mailbox.pcapng dc1.pcap
user_logon mailbox erin Lab-User-1
http 200
on dc1 samba-tool user rename erin --samaccountname=emily --upn=emily@contoso.com >>"$STATE/share/case.log" 2>&1
want 1 on mailbox kvno smtp/hub-1.contoso.com
want 1 user_logon mailbox erin Lab-User-1
on mailbox bash -c 'echo Lab-User-1 | kinit -c /tmp/emily emily' >>"$STATE/share/case.log" 2>&1
record_end
