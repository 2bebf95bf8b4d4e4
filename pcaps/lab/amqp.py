#!/usr/bin/python3
"""AMQP 1.0 as far as authentication: the SASL layer (part 5.3 of the standard) with GSSAPI (RFC 4752), then both protocol headers.

amqp.py server PORT KEYTAB
amqp.py client HOST PORT

Real tokens of the system's GSS library. Exit status of the client: 0 authenticated, 1 refused, 2 no ticket or no connection.
"""
import socket
import socketserver
import struct
import sys

import gssapi
import gssapi.raw as raw

MECHANISMS, INIT, CHALLENGE, RESPONSE, OUTCOME = 0x40, 0x41, 0x42, 0x43, 0x44
SASL_HEADER, AMQP_HEADER = b"AMQP\x03\x01\x00\x00", b"AMQP\x00\x01\x00\x00"
NO_LAYER = b"\x01\x00\x00\x00"
KRB5 = gssapi.OID.from_int_seq("1.2.840.113554.1.2.2")


def sym(text):
    return b"\xa3" + bytes([len(text)]) + text


def binary(data):
    return b"\xb0" + struct.pack(">I", len(data)) + data


def frame(kind, *fields):
    body = b"".join(fields)
    body = b"\x00\x53" + bytes([kind]) + b"\xd0" + struct.pack(">II", len(body) + 4, len(fields)) + body
    return struct.pack(">IBBH", len(body) + 8, 2, 1, 0) + body


def exactly(f, n):
    data = f.read(n)
    if len(data) < n:
        raise EOFError
    return data


def hear(f):
    """The kind of the next SASL frame and its last binary or ubyte field."""
    (size,) = struct.unpack(">I", exactly(f, 4))
    body = exactly(f, size - 4)[4:]
    kind, at, value = body[2], 12, None
    while at < len(body):
        code = body[at]
        if code == 0xB0:
            (n,) = struct.unpack_from(">I", body, at + 1)
            value, at = body[at + 5:at + 5 + n], at + 5 + n
        elif code in (0xA0, 0xA1, 0xA3):
            n = body[at + 1]
            value, at = (body[at + 2:at + 2 + n] if code == 0xA0 else value), at + 2 + n
        elif code == 0x50:
            value, at = body[at + 1], at + 2
        else:
            at += 1
    return kind, value


class Session(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            self.serve()
        except (EOFError, ConnectionError):
            pass

    def serve(self):
        exactly(self.rfile, 8)
        self.wfile.write(SASL_HEADER + frame(MECHANISMS, sym(b"GSSAPI")))
        _, token = hear(self.rfile)
        ctx = None
        try:
            while True:
                cred = raw.acquire_cred_from({b"keytab": sys.argv[3].encode()}, usage="accept").creds
                res = raw.accept_sec_context(token or b"", acceptor_creds=cred, context=ctx)
                ctx = res.context
                self.wfile.write(frame(CHALLENGE, binary(res.token or b"")))
                _, token = hear(self.rfile)
                if not res.more_steps:
                    break
            self.wfile.write(frame(CHALLENGE, binary(raw.wrap(ctx, NO_LAYER, confidential=False).message)))
            raw.unwrap(ctx, hear(self.rfile)[1])
        except gssapi.exceptions.GSSError as err:
            print(err, flush=True)
            self.wfile.write(frame(OUTCOME, b"\x50\x01"))  # auth
            return
        self.wfile.write(frame(OUTCOME, b"\x50\x00"))  # ok
        exactly(self.rfile, 8)
        self.wfile.write(AMQP_HEADER)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def client(host, port):
    try:
        flags = gssapi.RequirementFlag.mutual_authentication | gssapi.RequirementFlag.integrity
        ctx = gssapi.SecurityContext(name=gssapi.Name(f"amqp@{host}", gssapi.NameType.hostbased_service), mech=KRB5, flags=flags, usage="initiate")
        first = ctx.step()
        sock = socket.create_connection((host, port), 20)
    except (OSError, gssapi.exceptions.GSSError) as err:
        print("failed:", err)
        return 2
    f = sock.makefile("rb")
    sock.sendall(SASL_HEADER)
    try:
        exactly(f, 8)
        hear(f)
        sock.sendall(frame(INIT, sym(b"GSSAPI"), binary(first), b"\xa1" + bytes([len(host)]) + host.encode()))
        while True:
            kind, value = hear(f)
            if kind == OUTCOME:
                break
            if not ctx.complete:
                answer = ctx.step(value) or b""
            else:
                ctx.unwrap(value)
                answer = ctx.wrap(NO_LAYER, encrypt=False).message
            sock.sendall(frame(RESPONSE, binary(answer)))
        print("outcome", value)
        if value == 0:
            sock.sendall(AMQP_HEADER)
            exactly(f, 8)
        return 1 if value else 0
    except (EOFError, gssapi.exceptions.GSSError) as err:
        print("refused:", err)
        return 1


if sys.argv[1] == "server":
    Server(("0.0.0.0", int(sys.argv[2])), Session).serve_forever()
sys.exit(client(sys.argv[2], int(sys.argv[3])))
