/* A peer for RPCSEC_GSS (RFC 2203, flavor 6) on libtirpc: a server and a client of one small program.
 *
 *   rpcgss server PORT SERVICE@HOST                  the keytab is KRB5_KTNAME's
 *   rpcgss client HOST PORT tcp|udp SERVICE@HOST none|integrity|privacy
 *
 * Exit status of the client: 0 answered, 1 refused, 2 no connection.
 */
#include <netinet/in.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rpc/rpc.h>
#include <rpc/auth_gss.h>
#include <rpc/svc_auth_gss.h>
#include <rpc/rpcsec_gss.h>

enum { PROG = 0x20770001, VERS = 1, ECHO = 1 };

static void dispatch(struct svc_req *rq, SVCXPRT *xprt)
{
	char *text = NULL;
	switch (rq->rq_proc) {
	case NULLPROC:
		svc_sendreply(xprt, (xdrproc_t)xdr_void, NULL);
		return;
	case ECHO:
		if (rq->rq_cred.oa_flavor != RPCSEC_GSS) {
			svcerr_weakauth(xprt);
			return;
		}
		if (!svc_getargs(xprt, (xdrproc_t)xdr_wrapstring, (caddr_t)&text)) {
			svcerr_decode(xprt);
			return;
		}
		svc_sendreply(xprt, (xdrproc_t)xdr_wrapstring, (caddr_t)&text);
		svc_freeargs(xprt, (xdrproc_t)xdr_wrapstring, (caddr_t)&text);
		return;
	}
	svcerr_noproc(xprt);
}

static int bound(int type, int port)
{
	int s = socket(AF_INET, type, 0), on = 1;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(s, (struct sockaddr *)&a, sizeof a) || (type == SOCK_STREAM && listen(s, 8))) {
		perror("bind");
		exit(2);
	}
	return s;
}

static int server(int port, char *service)
{
	SVCXPRT *tcp = svc_vc_create(bound(SOCK_STREAM, port), 0, 0);
	SVCXPRT *udp = svc_dg_create(bound(SOCK_DGRAM, port), 0, 0);
	signal(SIGPIPE, SIG_IGN);
	if (!tcp || !udp || !rpc_gss_set_svc_name(service, "kerberos_v5", 0, PROG, VERS))
		return 2;
	if (!svc_reg(tcp, PROG, VERS, dispatch, NULL) || !svc_reg(udp, PROG, VERS, dispatch, NULL))
		return 2;
	svc_run();
	return 2;
}

static int client(char *host, int port, int tcp, char *service, char *how)
{
	struct hostent *h = gethostbyname(host);
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct netbuf to = {.maxlen = sizeof a, .len = sizeof a, .buf = &a};
	char *out = "a call of the lab", *in = NULL;
	struct timeval tv = {10, 0};
	if (!h)
		return 2;
	memcpy(&a.sin_addr, h->h_addr_list[0], 4);
	int s = socket(AF_INET, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
	if (tcp && connect(s, (struct sockaddr *)&a, sizeof a)) {
		perror("connect");
		return 2;
	}
	CLIENT *c = tcp ? clnt_vc_create(s, &to, PROG, VERS, 0, 0) : clnt_dg_create(s, &to, PROG, VERS, 0, 0);
	if (!c)
		return 2;
	struct rpc_gss_sec sec = {.qop = GSS_C_QOP_DEFAULT, .cred = GSS_C_NO_CREDENTIAL, .req_flags = GSS_C_MUTUAL_FLAG};
	gss_OID_desc krb5 = {9, "\052\206\110\206\367\022\001\002\002"};
	sec.mech = &krb5;
	sec.svc = !strcmp(how, "privacy") ? RPCSEC_GSS_SVC_PRIVACY : !strcmp(how, "integrity") ? RPCSEC_GSS_SVC_INTEGRITY : RPCSEC_GSS_SVC_NONE;
	c->cl_auth = authgss_create_default(c, service, &sec);
	if (!c->cl_auth) {
		clnt_perror(c, "refused");
		return 1;
	}
	enum clnt_stat st = clnt_call(c, ECHO, (xdrproc_t)xdr_wrapstring, (caddr_t)&out, (xdrproc_t)xdr_wrapstring, (caddr_t)&in, tv);
	if (st != RPC_SUCCESS) {
		clnt_perror(c, "call");
		return 1;
	}
	printf("answer: %s\n", in);
	auth_destroy(c->cl_auth);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "server"))
		return server(atoi(argv[2]), argv[3]);
	if (argc == 7 && !strcmp(argv[1], "client"))
		return client(argv[2], atoi(argv[3]), !strcmp(argv[4], "tcp"), argv[5], argv[6]);
	fprintf(stderr, "usage: rpcgss server PORT SERVICE@HOST | client HOST PORT tcp|udp SERVICE@HOST none|integrity|privacy\n");
	return 2;
}
