#!/usr/bin/python3
"""An SMTP client: AUTH GSSAPI (RFC 4752), X-EXPS GSSAPI or no authentication at all, then one message.

smtp_client.py HOST PORT auth|x-exps|none [--initial] [--spnego] [--pause=S] [--again] [--4|--6]

--initial  the token goes on the command line of the verb (RFC 4954 initial response)
--spnego   X-EXPS with the Kerberos token inside SPNEGO
--pause=S  waits S seconds between EHLO and authentication
--again    a second connection after the first, with the very same token
Exit status: 0 the message was taken, 1 authentication refused, 2 no ticket or no connection.
"""
import base64
import socket
import sys
import time

import gssapi
import gssapi.raw as raw

HOST, PORT, HOW = sys.argv[1], int(sys.argv[2]), sys.argv[3]
gssapi.SecurityContext.__DEFER_STEP_ERRORS__ = False  # a refused token ends the dialogue at once
PAUSE = next((float(a.split("=")[1]) for a in sys.argv if a.startswith("--pause=")), 0)
FAMILY = socket.AF_INET6 if "--6" in sys.argv else socket.AF_INET if "--4" in sys.argv else socket.AF_UNSPEC
SPNEGO = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")
KRB5 = gssapi.OID.from_int_seq("1.2.840.113554.1.2.2")


class Refused(Exception):
    pass


def connect():
    family, kind, proto, _, addr = socket.getaddrinfo(HOST, PORT, FAMILY, socket.SOCK_STREAM)[0]
    s = socket.socket(family, kind, proto)
    s.settimeout(20)
    s.connect(addr)
    return s


FIRST = []  # the first token of the first connection


class Client:
    def __init__(self, sock):
        self.sock, self.file = sock, sock.makefile("rb")

    def reply(self):
        while True:
            line = self.file.readline().rstrip(b"\r\n").decode()
            print("<", line[:100])
            if not line:
                raise Refused("connection closed")
            if line[3:4] != "-":
                return int(line[:3]), line[4:]

    def ask(self, line, want=None):
        print(">", line[:100])
        self.sock.sendall(line.encode() + b"\r\n")
        code, text = self.reply()
        if want and code not in want:
            raise Refused(f"{code} {text}")
        return code, text

    def start(self, verb, ctx, first):
        """Sends the verb and the first token; returns the answer."""
        if "--initial" in sys.argv:
            return self.ask(f"{verb} GSSAPI {first}")
        self.ask(f"{verb} GSSAPI", {334})
        return self.ask(first)

    def auth(self):
        target = gssapi.Name(f"smtp@{HOST}", gssapi.NameType.hostbased_service)
        flags = gssapi.RequirementFlag.mutual_authentication | gssapi.RequirementFlag.integrity
        mech = SPNEGO if "--spnego" in sys.argv else KRB5
        ctx = gssapi.SecurityContext(name=target, mech=mech, flags=flags, usage="initiate")
        first = base64.b64encode(ctx.step()).decode()
        FIRST.append(first)
        first = FIRST[0]
        code, text = self.start("AUTH" if HOW == "auth" else "X-EXPS", ctx, first)
        while code == 334 and not ctx.complete:
            try:
                token = ctx.step(base64.b64decode(text))
            except gssapi.exceptions.GSSError as err:
                print(err)
                code, text = self.ask("")
                raise Refused(f"{code} {text}") from None
            if ctx.complete and HOW != "auth" and not token:
                break
            code, text = self.ask(base64.b64encode(token or b"").decode())
        if HOW == "auth" and code == 334:  # RFC 4752 section 3.1: the security layer; "none" is taken
            ctx.unwrap(base64.b64decode(text))
            answer = ctx.wrap(b"\x01\x00\x00\x00", encrypt=False).message
            code, text = self.ask(base64.b64encode(answer).decode())
        if code != 235:
            raise Refused(f"{code} {text}")
        if HOW != "auth" and not ctx.complete and text:
            ctx.step(base64.b64decode(text))

    def mail(self):
        self.ask("MAIL FROM:<alice@contoso.com>", {250})
        self.ask("RCPT TO:<bob@contoso.com>", {250})
        self.ask("DATA", {354})
        self.ask("Subject: lab\r\n\r\nHello.\r\n.", {250})
        self.ask("QUIT")


def main():
    status = session()
    return session() if "--again" in sys.argv and status == 0 else status


def session():
    try:
        c = Client(connect())
        c.reply()
        c.ask("EHLO mailbox-1.contoso.com", {250})
        time.sleep(PAUSE)
        if HOW != "none":
            c.auth()
        c.mail()
    except Refused as err:
        print("refused:", err)
        try:
            c.ask("QUIT")
        except Exception:
            pass
        return 1
    except (OSError, gssapi.exceptions.GSSError) as err:
        print("failed:", err)
        return 2
    return 0


sys.exit(main())
