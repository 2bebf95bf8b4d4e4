# A ticket for the RPC service that the DC cannot decrypt, inside a named pipe of an SMB session that was accepted.
if fault; then
	SHOWS="dc1 accepts the SMB session of alice and refuses a ticket for host/dc1 in a DCE/RPC bind inside a named pipe"
	PROVES="the session's authentication and that in the pipe are told apart: one accepted, one refused"
	CHANGED="one byte of the ticket for host/dc1 was altered in alice's cache before the recording, where it had been fetched as well"
	refused=1
else
	SHOWS="ap-refused-rpc-pipe with the ticket as it was issued"
	PROVES="no finding on the same traffic with a good ticket"
	refused=0
fi
record_on mailbox.pcapng dc1.pcap
user_logon mailbox alice
want 0 on mailbox kvno -q cifs/dc1.contoso.com
want 0 on mailbox kvno -q host/dc1.contoso.com
if fault; then spoil_ticket; fi
want $refused on mailbox rpcclient 'ncacn_np:dc1.contoso.com[krb5,seal]' --use-kerberos=required --use-krb5-ccache=/tmp/krb5cc_0 -c 'lookupnames alice'
record_end
