# A TDS server whose keytab holds a wrong AES key.
if fault; then
	SHOWS="a TDS server on hub-1 port 1433 answers fresh tickets in LOGIN7 with ERROR 18452 and no KRB-ERROR"
	PROVES="18452 to a Kerberos token is a refusal by the service; with hub.keytab the key is named"
	refused=1
	spoil tds 18
else
	SHOWS="ap-refused-tds with the right keys"
	PROVES="no finding on the same traffic with the right key"
	refused=0
fi
MADE="FreeTDS 1.3 (tsql) against a small server of the lab, lab/tds_server.py, on MIT's GSS library; no SQL Server"
SECRETS="hub.keytab: the keys of the server as they were (lab secrets only)"
tds_up

record_on mailbox.pcapng hub.pcap dc1.pcapng
user_logon mailbox alice
tsql_k $refused
tsql_k $refused
record_end
keep_keytab tds
