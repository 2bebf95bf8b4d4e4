# A Heimdal KDC for the realm EXAMPLE.COM on the host of mit.sh, and Heimdal's clients: the one KDC of Debian 12 that still knows DES.
# Its packages exclude MIT's KDC, so they are unpacked in the lab's own folder and nothing is installed.

HEIMDAL_DEBS="heimdal-kdc heimdal-clients libkdc2-heimdal libhdb9-heimdal libkrb5-26-heimdal libroken19-heimdal libkafs0-heimdal
	libheimntlm0-heimdal libhcrypto5-heimdal libkadm5clnt7-heimdal libkadm5srv8-heimdal libsl0-heimdal libasn1-8-heimdal libheimbase1-heimdal
	libwind0-heimdal libhx509-5-heimdal libgssapi3-heimdal libotp0-heimdal"

# heimdal HOST PROGRAM...: a program of Heimdal's (a path below usr).
heimdal() {
	local host=$1 program=$2
	shift 2
	on "$host" env LD_LIBRARY_PATH=/share/heimdal/usr/lib/x86_64-linux-gnu KRB5_CONFIG=/share/heimdal.conf "/share/heimdal/usr/$program" "$@"
}
heimdal_up() {
	local d
	if [ ! -d "$STATE/share/heimdal" ]; then
		d=$(mktemp -d)
		chmod 777 "$d"
		# shellcheck disable=SC2086
		(cd "$d" && apt-get -qq download $HEIMDAL_DEBS)
		for f in "$d"/*.deb; do dpkg -x "$f" "$STATE/share/heimdal.new"; done
		rm -rf "$d"
		mv "$STATE/share/heimdal.new" "$STATE/share/heimdal"
	fi
	mit_host_up
	cat >"$STATE/share/heimdal.conf" <<-END
		[libdefaults]
		default_realm = EXAMPLE.COM
		allow_weak_crypto = true
		dns_lookup_kdc = false
		[kdc]
		database = {
		  dbname = /var/lib/heimdal-kdc/db
		  mkey_file = /var/lib/heimdal-kdc/mkey
		}
		[realms]
		EXAMPLE.COM = {
		  kdc = ${IP4[mit]}
		}
	END
	afterwards "stop mit heimdal-kdc"
	on mit bash -c 'rm -rf /var/lib/heimdal-kdc; mkdir -p /var/lib/heimdal-kdc'
	heimdal mit sbin/kstash --random-key --key-file=/var/lib/heimdal-kdc/mkey >>"$STATE/share/case.log" 2>&1
	hadm init --realm-max-ticket-life=1day --realm-max-renewable-life=7days EXAMPLE.COM
	hadm add --use-defaults -p Lab-Erin-1 erin
	hadm add --use-defaults -p Lab-Old-1 host/old.example.com
}
hadm() { heimdal mit bin/kadmin.heimdal -l "$@" >>"$STATE/share/case.log" 2>&1; }
heimdal_start() {
	daemon mit heimdal-kdc env LD_LIBRARY_PATH=/share/heimdal/usr/lib/x86_64-linux-gnu KRB5_CONFIG=/share/heimdal.conf \
		/share/heimdal/usr/lib/heimdal-servers/kdc --config-file=/share/heimdal.conf
	await heimdal-kdc listening mit 88
}
erin() { # HOST: logs her on with Heimdal's kinit
	on "$1" bash -c 'echo Lab-Erin-1 >/tmp/erin'
	heimdal "$1" bin/kinit.heimdal --password-file=/tmp/erin erin
}
