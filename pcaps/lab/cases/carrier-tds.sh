# no twin: TDS logins with Kerberos, accepted.
SHOWS="TDS logins to hub-1 port 1433 without encryption, LOGIN7 with an SSPI token (raw Kerberos, mutual), answered with an SSPI token and LOGINACK, twice with one ticket"
PROVES="LOGIN7's token, the SSPI answer and LOGINACK are read"
MADE="FreeTDS 1.3 (tsql) against a small server of the lab, lab/tds_server.py, on MIT's GSS library; no SQL Server"
SECRETS="hub.keytab: the keys of the server (lab secrets only)"
tds_up

record_on mailbox.pcapng hub.pcap
user_logon mailbox alice
tsql_k 0
tsql_k 0
record_end
keep_keytab tds
