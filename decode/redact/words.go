package redact

import "strings"

func wordSet(lists ...string) map[string]bool {
	set := map[string]bool{}
	for _, l := range lists {
		for _, w := range strings.Fields(l) {
			set[w] = true
		}
	}
	return set
}

// reserved are labels that name nobody in particular, wherever they stand.
var reserved = wordSet("krbtgt kadmin kiprop changepw wellknown anonymous localhost localdomain in-addr ip6 arpa workgroup")

// topLevel are last labels of domains that say nothing of whose they are.
var topLevel = wordSet("com net org edu gov mil int info biz local lan internal intranet corp home localdomain localhost arpa test example invalid")

// locator are the labels of the DC locator, [MS-ADTS] §6.3.2.3.
var locator = wordSet("_tcp _udp _msdcs _sites _kerberos _ldap _kpasswd _gc _kerberos-master _kerberos-adm _kerberos-iv _smtp _submission _autodiscover")

// serviceClass are the first components of service principal names.
var serviceClass = wordSet(`host http https smtp smtpsvc cifs ldap gc dns rpc rpcss imap imap4 pop pop3 nfs ftp xmpp xmpp-client amqp sieve
	krbtgt kadmin kiprop wellknown mssqlsvc mssqlolapsvc.3 msolapsvc.3 termsrv wsman restrictedkrbhost exchangerfr exchangemdb exchangeab
	exchangeauth smtpsvc dfsr dhcp backup ad-ds e3514235-4b06-11d1-ab04-00c04fc2dc2d postgres postgresql mongodb kafka zookeeper hdfs hive
	sip sips vnc afs afpserver sap oracle proxy radius cvs svn tds net.tcp nntp news print uucp`)

// vocabulary are words that stay in text: those of protocols, and those of the
// messages of common servers.
var vocabulary = wordSet(
	// SMTP, IMAP, POP3, ManageSieve, SASL
	`ehlo helo lhlo auth mail from rcpt to data bdat quit rset noop vrfy help starttls x-exps x-anonymoustls expn etrn turn
	esmtp smtp lmtp postfix exchange microsoft service ready size pipelining dsn enhancedstatuscodes 8bitmime binarymime chunking smtputf8 xrdst
	x-link2state xshadow xoorg xexch50 gssapi gss-spnego ntlm plain login cram-md5 digest-md5 external anonymous scram-sha-1 scram-sha-256 xoauth2
	oauthbearer exchangeauth negotiate kerberos basic digest bearer body 7bit ret full hdrs envid notify never success failure delay orcpt
	ok no bad bye preauth capability imap4rev1 imap4 literal sasl-ir id enable idle namespace login-referrals logindisabled children unselect uidplus
	acl quota select examine status list lsub fetch search store copy uid expunge close logout authenticate authenticated completed
	failed error temporarily unavailable invalid unable authentication authenticationfailed authorizationfailed expired privacyrequired
	contactadmin noperm inuse expungeissued corruption servebug clientbug cannot limit overquota alreadyexists nonexistent
	user pass apop stat retr dele top uidl capa stls sasl utf8 resp-codes login-delay expire implementation err in-use sys temp perm
	sieve version notify maxredirects starttls havespace putscript listscripts setactive getscript deletescript renamescript checkscript unauthenticate
	dovecot pigeonhole cyrus ready greeting go ahead accepted successful successfully logged in out
	the a an is are was were be been not of for and or with without by at on this that it its as
	try again later too many invalid command unrecognized syntax connection closing closed transmission channel bytes end start
	authenticating credentials password rejected refused denied access permission required requires must first issue supported unsupported mechanism
	security layer token continue waiting response challenge reason unknown no such more details see log server client requested action aborted okay sender recipient
	encryption needed unencrypted disabled local remote internal cannot achieve`,
	// HTTP
	`get post put head options connect delete patch trace propfind rpc_in_data rpc_out_data http host authorization proxy-authorization www-authenticate
	proxy-authenticate authentication-info proxy-authentication-info persistent-auth content-length content-type transfer-encoding chunked connection keep-alive close upgrade user-agent accept
	accept-encoding accept-language cache-control pragma date server last-modified etag expires location set-cookie cookie vary via age content-encoding
	gzip deflate identity text html xml json application octet-stream soap charset utf-8 utf-16 iso-8859-1 multipart encrypted boundary
	unauthorized forbidden found moved permanently temporary redirect proxy gateway timeout bad request internal implemented established
	kdcproxy wsman rpc realm opaque nonce qop stale algorithm domain microsoft-iis apache nginx squid curl mozilla python python-urllib winrm microsoft-httpapi
	mon tue wed thu fri sat sun jan feb mar apr may jun jul aug sep oct nov dec gmt utc default length none bytes only max-age
	kerberos-session-encrypted http-spnego-session-encrypted http-kerberos-session-encrypted dll rpcproxy rpcwithcert msrpc`,
	// XMPP
	`xml stream streams features xmlns jabber etherx urn ietf params ns xmpp-sasl xmpp-tls xmpp-streams xmpp-bind xmpp-session mechanisms
	mechanism abort proceed not-authorized aborted account-disabled credentials-expired incorrect-encoding invalid-authzid invalid-mechanism
	malformed-request mechanism-too-weak temporary-auth-failure bind session lang en hostname www protocol stanzas`,
	// LDAP
	`ldap ldaperr supportedsaslmechanisms dnshostname netlogon namingcontexts defaultnamingcontext rootdomainnamingcontext configurationnamingcontext
	schemanamingcontext supportedldapversion supportedcontrol supportedextension supportedcapabilities subschemasubentry servername dsservicename
	currenttime highestcommittedusn issynchronized isglobalcatalogready ldapservicename domainfunctionality forestfunctionality domaincontrollerfunctionality
	objectclass ntver dnsdomain aavlan host user acceptsecuritycontext comment dsid cn ou dc samaccountname userprincipalname serviceprincipalname vece
	invalidcredentials 80090308 80090346 80090311 80090303 8009030c 52e 525 530 531 532 533 701 773 775 57`,
	// Kerberos and the texts of its KDCs and libraries
	`krb krb5 kdc kdc_err krb_ap_err as tgs ap req rep preauth preauth_failed preauth_required needed_preauth client_not_found server_not_found looking_up_server
	looking_up_client process_tgs issue process as_req tgs_req decrypt check policy pac ticket tickets expired renewable forwardable proxiable key keys table entry
	keytab clock skew great etype etypes nosupp type no matching checksum integrity check decryption replay wrong principal spnego gss gss_s_failure minor major code
	unspecified mech mechanism additional information encrypted part constrained delegation s4u2self s4u2proxy s4u null cred cache default spake fast otp pkinit cert
	certificate anchors padata validating bad_encryption_type bad encryption null_key null get put update lockout locked disabled revoked change changed version
	success_token soft hard malformed kvno requested was presented which time times timestamp validate valid yet never future past cred acquiring acquire initial init
	not_defined_in_rfc4178 please_ignore kerberos-v5 smbd winbind status_logon_failure`,
	// Others
	`smb ntlmssp negotiate pipe lsass netlogon samr srvsvc wkssvc svcctl epmapper lsarpc drsuapi spoolss atsvc eventlog winreg ipc ssl tls negotiate-stream
	amqp sasl amqplain en_us product platform copyright rabbitmq capabilities mechanisms locale net tcp login failed reason sqlserver sql mssql
	untrusted cannot used windows integrated untrusted domain microsoft pgjdbc net.tcp application ssl-tls`,
)

// verbs are words that stay wherever they stand alone: what a service offers and
// answers is told by them.
var verbs = wordSet(`auth authenticate sasl login plain external gssapi gss-spnego ntlm negotiate kerberos basic digest starttls
	ok no bad err in authorization www-authenticate proxy-authenticate`)

// kept tells whether a word in lower case stays in text: it is in the
// vocabulary, or put together of such words.
func kept(word string) bool {
	if vocabulary[word] {
		return true
	}
	parts := strings.FieldsFunc(word, func(c rune) bool { return c == '_' || c == '-' })
	for _, p := range parts {
		if !vocabulary[p] || len(p) < 2 {
			return false
		}
	}
	return len(parts) > 1
}
