#!/usr/bin/python3
"""A DCE/RPC acceptor on a TCP port of its own, with GSS tokens in DCE style (three legs, the AP-REQ without GSS header).

rpc_server.py PORT KEYTAB [--nak] [--answer-41]

--nak        a token that is refused is answered with bind_nak reason 9 instead of a bind_ack that carries the KRB-ERROR
--answer-41  where MIT answers 31, the error number is sent as 41, as Windows does
--crash      the connection is reset at the first request
"""
import socket
import socketserver
import struct
import sys

import gssapi
import gssapi.raw as raw

import dcerpc
import dcerpc_seal
from krberror import as_windows_says

PORT, KEYTAB = int(sys.argv[1]), sys.argv[2]


class Session(socketserver.BaseRequestHandler):
    def handle(self):
        ctx = None
        try:
            while True:
                p = dcerpc.receive(self.request)
                if p.ptype in (dcerpc.BIND, dcerpc.ALTER):
                    try:
                        cred = raw.acquire_cred_from({b"keytab": KEYTAB.encode()}, usage="accept").creds
                        res = raw.accept_sec_context(p.token, acceptor_creds=cred, context=ctx)
                        ctx, token = res.context, res.token
                        print("token taken, more:", res.more_steps, flush=True)
                    except gssapi.exceptions.GSSError as err:
                        print(err, flush=True)
                        token = getattr(err, "token", None)
                        if not token or "--nak" in sys.argv:
                            self.request.sendall(dcerpc.pdu(dcerpc.BIND_NAK, p.call, dcerpc.nak_body(9)))
                            return
                        if "--answer-41" in sys.argv:
                            token = as_windows_says(token)
                    kind, port = (dcerpc.BIND_ACK, PORT) if p.ptype == dcerpc.BIND else (dcerpc.ALTER_RESP, 0)
                    self.request.sendall(dcerpc.pdu(kind, p.call, dcerpc.ack_body(port), p.auth_type, p.level, token or b""))
                elif p.ptype == dcerpc.REQUEST and "--crash" in sys.argv:
                    self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.request.close()
                    return
                elif p.ptype == dcerpc.REQUEST:
                    if ctx is None:
                        body = struct.pack("<IHBBII", 0, 0, 0, 0, 5, 0)  # fault: access denied
                        self.request.sendall(dcerpc.pdu(dcerpc.FAULT, p.call, body))
                        return
                    stub = dcerpc_seal.open_request(ctx, p)
                    print("request of", len(stub), "bytes", flush=True)
                    self.request.sendall(dcerpc_seal.sealed(ctx, dcerpc.RESPONSE, p.call, b"\0\0\0\0" * 4, p.auth_type))
        except (dcerpc.Closed, ConnectionError):
            pass


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    address_family = socket.AF_INET6

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


Server(("::", PORT), Session).serve_forever()
