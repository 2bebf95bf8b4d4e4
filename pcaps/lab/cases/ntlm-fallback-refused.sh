# ntlm-fallback where the domain has NTLM switched off: the fallback fails too.
on dc1 sed -i 's/^\[global\]/[global]\n\tntlm auth = disabled/' /etc/samba/smb.conf
afterwards "on dc1 sed -i '/ntlm auth = disabled/d' /etc/samba/smb.conf; dc_restart dc1"
if fault; then
	SHOWS="alice opens //files.contoso.com/share: TGS answered 7 for cifs/files.contoso.com, then NTLMSSP in SMB2, which the domain refuses: NTLM is switched off"
	PROVES="no access; the reason, the missing SPN, came just before, and the word that NTLM got is told"
	got=1
else
	SHOWS="ntlm-fallback-refused with cifs/files.contoso.com registered on HUB-1\$: Kerberos in SMB2"
	PROVES="a domain without NTLM is no finding where Kerberos works"
	samdb spn-add 'HUB-1$' cifs/files.contoso.com
	afterwards "samdb spn-delete 'HUB-1$' cifs/files.contoso.com"
	got=0
fi
# Samba's client insists on FAST in the KDC's error once it has armoured the request.
on dc1 sed -i 's/kdc enable fast = no/kdc enable fast = yes/' /etc/samba/smb.conf
afterwards "on dc1 sed -i 's/kdc enable fast = yes/kdc enable fast = no/' /etc/samba/smb.conf; dc_restart dc1"
dc_restart dc1
smb_up

record_on mailbox.pcapng hub.pcap dc1.pcap
want $got on mailbox smbclient //files.contoso.com/share -U alice@CONTOSO.COM%Lab-Alice-1 --use-kerberos=desired -c ls
record_end
smb_down
