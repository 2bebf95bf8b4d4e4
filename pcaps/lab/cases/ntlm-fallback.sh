# SMB to the hub by an alias without SPN: the client falls back to NTLM, and the server takes it.
if fault; then
	SHOWS="alice opens //files.contoso.com/share: TGS answered 7 for cifs/files.contoso.com, then NTLMSSP in SMB2, accepted"
	PROVES="access works, but not with Kerberos; the reason, the missing SPN, came just before"
else
	SHOWS="ntlm-fallback with cifs/files.contoso.com registered on HUB-1\$: Kerberos in SMB2"
	PROVES="the same client and alias with the SPN is no finding"
	samdb spn-add 'HUB-1$' cifs/files.contoso.com
	afterwards "samdb spn-delete 'HUB-1$' cifs/files.contoso.com"
fi
# Samba's client insists on FAST in the KDC's error once it has armoured the request.
on dc1 sed -i 's/kdc enable fast = no/kdc enable fast = yes/' /etc/samba/smb.conf
afterwards "on dc1 sed -i 's/kdc enable fast = yes/kdc enable fast = no/' /etc/samba/smb.conf; dc_restart dc1"
dc_restart dc1
smb_up

record_on mailbox.pcapng hub.pcap dc1.pcap
want 0 on mailbox smbclient //files.contoso.com/share -U alice@CONTOSO.COM%Lab-Alice-1 --use-kerberos=desired -c ls
record_end
smb_down
