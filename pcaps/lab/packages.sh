# The Debian packages that the lab uses, installed when missing.

PACKAGES="samba samba-ad-dc samba-ad-provision samba-dsdb-modules samba-vfs-modules smbclient winbind libnss-winbind
	libpam-winbind ldb-tools krb5-user ldap-utils libsasl2-modules libsasl2-modules-gssapi-mit sasl2-bin postfix apache2
	libapache2-mod-auth-gssapi curl gss-ntlmssp faketime libfaketime nftables ethtool python3-gssapi python3-samba
	acl attr tshark tcpdump iproute2"
# The carriers of carriers.sh.
PACKAGES="$PACKAGES dnsutils dovecot-imapd dovecot-pop3d dovecot-managesieved dovecot-gssapi krb5-kdc krb5-admin-server krb5-pkinit squid
	freetds-bin prosody lua-cyrussasl prosody-modules socat openssl gcc libc6-dev libkrb5-dev libtirpc-dev python3-impacket"

packages() {
	local p missing="" policy=/usr/sbin/policy-rc.d
	for p in $PACKAGES; do
		dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q "ok installed" || missing="$missing $p"
	done
	[ -n "$missing" ] || return 0
	[ -e $policy ] && { echo "lab: $policy exists; not touching it" >&2; return 1; }
	# No daemon of these packages may start on the machine itself.
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod +x $policy
	echo "krb5-config krb5-config/default_realm string CONTOSO.COM" | debconf-set-selections
	echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
	local status=0
	# shellcheck disable=SC2086
	{ apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends $missing; } || status=$?
	rm -f $policy
	return $status
}
