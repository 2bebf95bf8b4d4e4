# no twin: passwords changed over port 464.
SHOWS="alice changes her password at dc1 (Samba) and carol hers at an MIT kadmind, over UDP and TCP port 464, and both log on with the new one"
PROVES="a changed password with a logon after it is no finding; with the keys the answer is read"
SECRETS="mailbox.keytab: kadmin/changepw of both realms (lab secrets only)"
MADE="MIT krb5kdc and kadmind"
mit_up
kadmind_up
afterwards "samdb password alice ${PASSWORD[alice]}"
mit_keys mailbox mit.keytab EXAMPLE.ORG kadmin/changepw

record_on mailbox.pcapng mit.pcap dc1.pcap
want 0 on mailbox bash -c 'printf "Lab-Alice-1\nLab-Alice-2\nLab-Alice-2\n" | kpasswd alice'
user_logon mailbox alice Lab-Alice-2
want 0 on mailbox kdestroy
mit_conf mailbox
want 0 on mailbox bash -c 'printf "Lab-Carol-1\nLab-Carol-2\nLab-Carol-2\n" | kpasswd carol'
MIT_PASSWORD=Lab-Carol-2 carol mailbox
want 0 on mailbox kdestroy
mit_conf mailbox 'udp_preference_limit = 1'
want 0 on mailbox bash -c 'printf "Lab-Carol-2\nLab-Carol-3\nLab-Carol-3\n" | kpasswd carol'
record_end
directory_keys mailbox.keytab krbtgt/CONTOSO.COM kadmin/changepw
on mailbox python3 /lab/keytab.py merge /share/rec/mailbox.keytab /share/rec/mailbox.keytab /etc/keytabs/mit.keytab
