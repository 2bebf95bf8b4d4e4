#!/usr/bin/python3
"""A small SMTP server that takes Exchange's X-EXPS GSSAPI, with real tokens of the system's GSS library.

smtp_server.py PORT KEYTAB [--answer-41]

--answer-41: where MIT answers KRB_AP_ERR_BAD_INTEGRITY (31), the error number is sent as 41, as Windows does.
"""
import base64
import socket
import socketserver
import sys

import gssapi
import gssapi.raw as raw

from krberror import as_windows_says

PORT, KEYTAB = int(sys.argv[1]), sys.argv[2]
ANSWER_41 = "--answer-41" in sys.argv


class Session(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def hear(self):
        line = self.rfile.readline()
        if not line:
            raise EOFError
        return line.rstrip(b"\r\n").decode(errors="replace")

    def handle(self):
        try:
            self.serve()
        except (EOFError, ConnectionError):
            pass

    def serve(self):
        self.say("220 hub-1.contoso.com ESMTP ready")
        while True:
            line = self.hear()
            verb, _, rest = line.partition(" ")
            verb = verb.upper()
            if verb == "EHLO":
                self.say("250-hub-1.contoso.com")
                self.say("250-SIZE 10485760")
                self.say("250-8BITMIME")
                self.say("250 X-EXPS GSSAPI")
            elif verb == "X-EXPS" and rest.upper().startswith("GSSAPI"):
                self.authenticate(rest[6:].strip())
            elif verb in ("MAIL", "RCPT", "RSET", "NOOP", "HELO"):
                self.say("250 2.0.0 OK")
            elif verb == "DATA":
                self.say("354 End data with <CR><LF>.<CR><LF>")
                while self.hear() != ".":
                    pass
                self.say("250 2.6.0 Queued mail for delivery")
            elif verb == "QUIT":
                self.say("221 2.0.0 Service closing transmission channel")
                return
            else:
                self.say("500 5.3.3 Unrecognized command")

    def authenticate(self, first):
        if not first:
            self.say("334 GSSAPI supported")
            first = self.hear()
        ctx = None
        while True:
            if first == "*":
                self.say("501 5.7.0 Authentication cancelled")
                return
            try:
                cred = raw.acquire_cred_from({b"keytab": KEYTAB.encode()}, usage="accept").creds
                res = raw.accept_sec_context(base64.b64decode(first), acceptor_creds=cred, context=ctx)
            except gssapi.exceptions.GSSError as err:
                print(err, flush=True)
                token = getattr(err, "token", None)
                if token:
                    if ANSWER_41:
                        token = as_windows_says(token)
                    self.say("334 " + base64.b64encode(token).decode())
                    self.hear()
                self.say("535 5.7.3 Authentication unsuccessful")
                return
            ctx = res.context
            token = base64.b64encode(res.token or b"").decode()
            if not res.more_steps:
                self.say(("235 " + token) if token else "235 2.7.0 Authentication successful")
                print("accepted", res.initiator_name and raw.display_name(res.initiator_name).name.decode(), flush=True)
                return
            self.say("334 " + token)
            first = self.hear()


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    address_family = socket.AF_INET6

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


Server(("::", PORT), Session).serve_forever()
