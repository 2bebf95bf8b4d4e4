# no twin: DCE/RPC inside named pipes of SMB2, accepted.
SHOWS="rpcclient talks to lsarpc on dc1 inside named pipes (ncacn_np): bound with Kerberos (auth_type 16, third leg in auth3) and with SPNEGO (9, alter_context), once without authentication of its own, once with the SMB connection encrypted; else SMB is signed at most"
PROVES="tokens in SMB2 WRITE and FSCTL_PIPE_TRANSCEIVE are authentications of their own beside the session's; where SMB 3 encrypts, that they are not seen is said"

record_on mailbox.pcapng dc1.pcap
user_logon mailbox alice
pipe() { # BINDING OPTION...
	want 0 on mailbox rpcclient "ncacn_np:dc1.contoso.com$1" --use-kerberos=required --use-krb5-ccache=/tmp/krb5cc_0 "${@:2}" -c 'lookupnames alice'
}
pipe '[krb5,seal]'
pipe '[spnego,sign]'
pipe ''
pipe '[krb5,sign]' --client-protection=encrypt
record_end
