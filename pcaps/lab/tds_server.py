#!/usr/bin/python3
"""A small TDS server ([MS-TDS]): PRELOGIN without encryption, LOGIN7 with SSPI, real tokens of the system's GSS library.

tds_server.py PORT KEYTAB

Accepted: SSPI (when the mechanism has an answer), LOGINACK, DONE. Refused: ERROR 18452, as SQL Server says it, DONE.
Any batch is answered with an empty DONE.
"""
import socketserver
import struct
import sys

import gssapi
import gssapi.raw as raw

PORT, KEYTAB = int(sys.argv[1]), sys.argv[2]
BATCH, REPLY, LOGIN7, SSPI, PRELOGIN = 1, 4, 16, 17, 18


def wide(text):
    return text.encode("utf-16-le")


def b_varchar(text):
    return bytes([len(text)]) + wide(text)


def loginack():
    body = b"\x01\x74\x00\x00\x04" + b_varchar("Lab SQL Server") + b"\x0b\x00\x00\x00"
    return b"\xad" + struct.pack("<H", len(body)) + body


def error(number, text):
    body = struct.pack("<IBB", number, 1, 14) + struct.pack("<H", len(text)) + wide(text) + b_varchar("HUB-1") + b_varchar("") + struct.pack("<I", 1)
    return b"\xaa" + struct.pack("<H", len(body)) + body


def done(status=0):
    return b"\xfd" + struct.pack("<HHQ", status, 0, 0)


class Session(socketserver.StreamRequestHandler):
    def hear(self):
        kind, data = None, b""
        while True:
            head = self.rfile.read(8)
            if len(head) < 8:
                raise EOFError
            kind, status, size = struct.unpack_from(">BBH", head)
            data += self.rfile.read(size - 8)
            if status & 1:
                return kind, data

    def say(self, data):
        self.wfile.write(struct.pack(">BBHHBB", REPLY, 1, len(data) + 8, 51, 1, 0) + data)

    def handle(self):
        try:
            self.serve()
        except (EOFError, ConnectionError):
            pass

    def serve(self):
        while True:
            kind, data = self.hear()
            if kind == PRELOGIN:
                # Two options, VERSION and ENCRYPTION (not supported), and the terminator.
                self.say(b"\x00\x00\x0b\x00\x06\x01\x00\x11\x00\x01\xff" + b"\x0b\x00\x00\x00\x00\x00" + b"\x02")
            elif kind == LOGIN7:
                at, size = struct.unpack_from("<HH", data, 78)  # ibSSPI, cbSSPI
                if not self.authenticate(data[at:at + size]):
                    return
            else:
                self.say(done())

    def authenticate(self, token):
        ctx = None
        while True:
            try:
                cred = raw.acquire_cred_from({b"keytab": KEYTAB.encode()}, usage="accept").creds
                res = raw.accept_sec_context(token, acceptor_creds=cred, context=ctx)
            except gssapi.exceptions.GSSError as err:
                print(err, flush=True)
                self.say(error(18452, "Login failed. The login is from an untrusted domain and cannot be used with Integrated authentication.") + done(2))
                return False
            ctx = res.context
            answer = b"\xed" + struct.pack("<H", len(res.token)) + res.token if res.token else b""
            if not res.more_steps:
                print("accepted", res.initiator_name and raw.display_name(res.initiator_name).name.decode(), flush=True)
                self.say(answer + loginack() + done())
                return True
            self.say(answer)
            kind, token = self.hear()
            if kind != SSPI:
                return False


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


Server(("0.0.0.0", PORT), Session).serve_forever()
