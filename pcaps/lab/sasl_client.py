#!/usr/bin/python3
"""SASL GSSAPI (RFC 4752) in IMAP, POP3, ManageSieve and XMPP: authentication with every leg, then a word or two.

sasl_client.py HOST PORT imap|pop3|sieve|xmpp [--initial] [--plain] [--noop]

--initial  the first token goes with the command (SASL-IR, RFC 4959; RFC 5034)
--plain    a wrong password by PLAIN, no Kerberos
--noop     a command before authentication
Exit status: 0 authenticated, 1 refused, 2 no ticket or no connection.
"""
import base64
import re
import socket
import sys

import gssapi

HOST, PORT, PROTO = sys.argv[1], int(sys.argv[2]), sys.argv[3]
gssapi.SecurityContext.__DEFER_STEP_ERRORS__ = False  # a refused token ends the dialogue at once
KRB5 = gssapi.OID.from_int_seq("1.2.840.113554.1.2.2")
SERVICE = {"imap": "imap", "pop3": "pop", "sieve": "sieve", "xmpp": "xmpp"}[PROTO]


class Refused(Exception):
    pass


class Gssapi:
    """The client's side of the mechanism: first(), then next(challenge) until the server is content."""

    def __init__(self):
        target = gssapi.Name(f"{SERVICE}@{HOST}", gssapi.NameType.hostbased_service)
        flags = gssapi.RequirementFlag.mutual_authentication | gssapi.RequirementFlag.integrity
        self.ctx = gssapi.SecurityContext(name=target, mech=KRB5, flags=flags, usage="initiate")

    def first(self):
        return self.ctx.step()

    def next(self, challenge):
        if not self.ctx.complete:
            return self.ctx.step(challenge) or b""
        self.ctx.unwrap(challenge)  # RFC 4752 section 3.1: the layers on offer; "none" is taken
        return self.ctx.wrap(b"\x01\x00\x00\x00", encrypt=False).message


class Plain:
    def first(self):
        return b"\0alice\0not-the-password"

    def next(self, challenge):
        return b""


def b64(token):
    return base64.b64encode(token).decode()


class Lines:
    def __init__(self, sock):
        self.sock, self.file = sock, sock.makefile("rb")

    def hear(self):
        line = self.file.readline().rstrip(b"\r\n").decode()
        print("<", line[:100])
        if not line and not self.file.peek(1):
            raise Refused("connection closed")
        return line

    def say(self, line):
        print(">", line[:100])
        self.sock.sendall(line.encode() + b"\r\n")


def imap(c, mech, name):
    def until(tag):
        while True:
            line = c.hear()
            if line.startswith(("+", tag + " ")):
                return line
    c.hear()
    c.say("a1 CAPABILITY")
    until("a1")
    if "--noop" in sys.argv:
        c.say("a2 NOOP")
        until("a2")
    if "--initial" in sys.argv:
        c.say(f"a3 AUTHENTICATE {name} " + b64(mech.first()))
        line = until("a3")
    else:
        c.say(f"a3 AUTHENTICATE {name}")
        line = until("a3")
        if line.startswith("+"):
            c.say(b64(mech.first()))
            line = until("a3")
    while line.startswith("+"):
        c.say(b64(mech.next(base64.b64decode(line[1:].strip()))))
        line = until("a3")
    if not line.startswith("a3 OK"):
        raise Refused(line)
    c.say("a4 SELECT INBOX")
    until("a4")
    c.say("a5 LOGOUT")
    until("a5")


def pop3(c, mech, name):
    c.hear()
    c.say("CAPA")
    while c.hear() != ".":
        pass
    if "--initial" in sys.argv:
        c.say(f"AUTH {name} " + b64(mech.first()))
        line = c.hear()
    else:
        c.say(f"AUTH {name}")
        line = c.hear()
        if line.startswith("+ "):
            c.say(b64(mech.first()))
            line = c.hear()
    while line.startswith("+ "):
        c.say(b64(mech.next(base64.b64decode(line[2:]))))
        line = c.hear()
    if not line.startswith("+OK"):
        raise Refused(line)
    c.say("STAT")
    c.hear()
    c.say("QUIT")
    c.hear()


def sieve(c, mech, name):
    def until():
        while True:
            line = c.hear()
            literal = re.fullmatch(r"\{(\d+)\+?\}", line)
            if literal:
                data = c.file.read(int(literal[1]))
                c.file.readline()
                return data.decode()
            if re.fullmatch(r'"[A-Za-z0-9+/=]*"', line):
                return line.strip('"')
            if line.upper().startswith(("OK", "NO", "BYE")):
                return line
    until()
    if "--initial" in sys.argv:
        c.say(f'AUTHENTICATE "{name}" "{b64(mech.first())}"')
    else:
        c.say(f'AUTHENTICATE "{name}"')
        until()
        token = b64(mech.first())
        c.say("{%d+}\r\n%s" % (len(token), token))
    line = until()
    while not line.upper().startswith(("OK", "NO", "BYE")):
        c.say('"' + b64(mech.next(base64.b64decode(line))) + '"')
        line = until()
    if not line.upper().startswith("OK"):
        raise Refused(line)
    c.say("LISTSCRIPTS")
    until()
    c.say("LOGOUT")
    until()


def xmpp(c, mech, name):
    seen = b""

    def send(text):
        print(">", text[:100])
        c.sock.sendall(text.encode())

    def until(*ends):
        nonlocal seen
        while True:
            for e in ends:
                found = re.search(e, seen, re.S)
                if found:
                    seen = seen[found.end():]
                    print("<", found[0][:100].decode())
                    return found
            more = c.sock.recv(65536)
            if not more:
                raise Refused("connection closed")
            seen += more
    head = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='contoso.com' version='1.0'>"
    send(head)
    until(rb"<stream:features.*?</stream:features>")
    ns = "urn:ietf:params:xml:ns:xmpp-sasl"
    if "--initial" in sys.argv:
        send(f"<auth xmlns='{ns}' mechanism='{name}'>{b64(mech.first())}</auth>")
    else:
        send(f"<auth xmlns='{ns}' mechanism='{name}'/>")
        until(rb"<challenge[^>]*?(/>|>.*?</challenge>)")
        send(f"<response xmlns='{ns}'>{b64(mech.first())}</response>")
    while True:
        got = until(rb"<challenge[^>]*?(?:/>|>([^<]*)</challenge>)", rb"<success.*?>", rb"<failure.*?</failure>")
        if got[0].startswith(b"<success"):
            break
        if got[0].startswith(b"<failure"):
            raise Refused(got[0].decode())
        send(f"<response xmlns='{ns}'>{b64(mech.next(base64.b64decode(got[1] or b'')))}</response>")
    send(head)
    until(rb"<stream:features.*?</stream:features>")
    send("</stream:stream>")


def main():
    try:
        sock = socket.create_connection((HOST, PORT), 20)
        c = Lines(sock)
        mech, name = (Plain(), "PLAIN") if "--plain" in sys.argv else (Gssapi(), "GSSAPI")
        {"imap": imap, "pop3": pop3, "sieve": sieve, "xmpp": xmpp}[PROTO](c, mech, name)
    except Refused as err:
        print("refused:", err)
        return 1
    except (OSError, gssapi.exceptions.GSSError) as err:
        print("failed:", err)
        return 2
    return 0


sys.exit(main())
