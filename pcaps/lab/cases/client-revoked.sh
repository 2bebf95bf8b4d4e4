# Three accounts that may not log on: disabled, expired, and one whose password must be changed first.
on dc1 bash -c 'for u in carol dave erin; do samba-tool user create $u Lab-User-1; done' >>"$STATE/share/case.log" 2>&1
afterwards "on dc1 bash -c 'for u in carol dave erin; do samba-tool user delete \$u; done' >/dev/null 2>&1"
if fault; then
	SHOWS="dc1 gives no ticket to carol (disabled: 18), dave (expired: 18) and erin (password must be changed: 23), and says which in its NTSTATUS"
	PROVES="18 and 23 with an NTSTATUS name the account's state; passwords, keys and clocks are not the matter"
	on dc1 bash -ec 'samba-tool user disable carol; samba-tool user setexpiry dave --days=0; samba-tool user setpassword erin --newpassword=Lab-User-1 --must-change-at-next-login' >>"$STATE/share/case.log" 2>&1
	got=1
else
	SHOWS="client-revoked with the three accounts in order"
	PROVES="accounts that may log on are no finding"
	got=0
fi

record_on mailbox.pcapng dc1.pcap
for u in carol dave erin; do want $got user_logon mailbox $u Lab-User-1; done
record_end
