# no twin: Kerberos in SMB1, accepted.
SHOWS="smbclient and rpcclient speak SMB1 (NT1) with smbd on hub-1: SESSION_SETUP_ANDX with Kerberos, a share, and lsarpc in a named pipe (TransactNmPipe) bound with Kerberos and with SPNEGO"
PROVES="SMB1 is read like SMB2: the session's authentication, and those of DCE/RPC inside its pipes"
afterwards "smb_down; on hub sed -i '/server min protocol/d' /etc/samba/smb.conf"
on hub sed -i 's/^\[global\]/[global]\nserver min protocol = NT1/' /etc/samba/smb.conf
smb_up
old='--option=clientminprotocol=NT1 --option=clientmaxprotocol=NT1 --option=clientipcminprotocol=NT1 --option=clientipcmaxprotocol=NT1'

record_on mailbox.pcapng hub.pcap
user_logon mailbox alice
# shellcheck disable=SC2086
want 0 on mailbox smbclient //hub-1.contoso.com/share $old --use-kerberos=required --use-krb5-ccache=/tmp/krb5cc_0 -c 'get file.txt -'
for how in krb5,seal spnego,sign; do
	# shellcheck disable=SC2086
	want 0 on mailbox rpcclient "ncacn_np:hub-1.contoso.com[$how]" $old --use-kerberos=required --use-krb5-ccache=/tmp/krb5cc_0 -c lsaquery
done
record_end
