#!/usr/bin/python3
"""A relay before a KDC that changes one thing in the messages that pass (UDP and TCP).

relay.py PORT KDC CHANGE [ARGUMENT...]; nft redirects what goes to port 88 to PORT (relay.sh).

drop-etypes N...   takes these etypes out of the list of an AS-REQ; all lengths stay right
etype OLD NEW      an etype of a request's list is another number
key ETYPE          the ETYPE-INFO2 of a KRB-ERROR 25 names a key of ETYPE too, as a KDC does that lists every key of the account
kvno HIGH          the TGT of an AS-REP gets HIGH in the upper half of its kvno, as a read-only DC would have it; taken away on the way back
code OLD NEW       the error-code of a KRB-ERROR is another
again OLD          a KRB-ERROR OLD becomes 25 with the e-data of the last 25
elsewhere OLD R    a KRB-ERROR OLD becomes 68 with R as crealm
policy OLD STATUS  a KRB-ERROR OLD becomes 12 with that NTSTATUS as e-data ([MS-KILE] section 2.2.1, KERB-EXT-ERROR)
"""
import socket
import struct
import sys
import threading

AS_REQ, AS_REP, TGS_REQ, KRB_ERROR = 0x6A, 0x6B, 0x6C, 0x7E


def read(data):
    """DER as a tree: [tag, bytes] or [tag, [children]] for constructed ones."""
    out, at = [], 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            n = length & 0x7F
            length, at = int.from_bytes(data[at:at + n], "big"), at + n
        body, at = data[at:at + length], at + length
        out.append([tag, read(body) if tag & 0x20 else body])
    return out


def write(nodes):
    out = b""
    for tag, body in nodes:
        body = write(body) if isinstance(body, list) else body
        n = len(body)
        head = bytes([n]) if n < 128 else bytes([0x80 | (n.bit_length() + 7) // 8]) + n.to_bytes((n.bit_length() + 7) // 8, "big")
        out += bytes([tag]) + head + body
    return out


def integer(n):
    return [0x02, n.to_bytes(n.bit_length() // 8 + 1, "big", signed=True)]


def number(node):
    return int.from_bytes(node[1], "big", signed=True)


def field(seq, n):
    """What stands in the explicit tag [n]; None when it is absent."""
    return next((f[1][0] for f in seq if f[0] == 0xA0 | n), None)


def put(seq, n, node):
    seq[:] = sorted([f for f in seq if f[0] != 0xA0 | n] + [[0xA0 | n, [node]]], key=lambda f: f[0])


def kvno_of(ticket, change):
    enc = field(ticket[1][0][1], 3)[1]
    put(enc, 1, integer(change(number(field(enc, 1)))))


class Change:
    def __init__(self, how, *args):
        self.how, self.hint = how, None
        self.args = [int(a, 0) if a[0].isdigit() else a for a in args]

    def request(self, data):
        tree = read(data)
        seq = tree[0][1][0][1]
        if self.how in ("drop-etypes", "etype"):
            if self.how == "drop-etypes" and tree[0][0] != AS_REQ:
                return data
            etypes = field(field(seq, 4)[1], 8)
            if self.how == "etype":
                etypes[1] = [integer(self.args[1]) if number(e) == self.args[0] else e for e in etypes[1]]
            else:
                etypes[1] = [e for e in etypes[1] if number(e) not in self.args]
        elif self.how == "kvno" and tree[0][0] == TGS_REQ:
            for pa in field(seq, 3)[1]:
                if number(field(pa[1], 1)) == 1:  # PA-TGS-REQ
                    value = field(pa[1], 2)
                    ap = read(value[1])
                    kvno_of(field(ap[0][1][0][1], 3), lambda k: k & 0xFFFF)
                    value[1] = write(ap)
        else:
            return data
        return write(tree)

    def answer(self, data):
        tree = read(data)
        seq = tree[0][1][0][1]
        if self.how == "kvno" and tree[0][0] == AS_REP:
            kvno_of(field(seq, 5), lambda k: self.args[0] << 16 | k)
        elif tree[0][0] == KRB_ERROR and self.how == "key":
            edata = field(seq, 12)
            if number(field(seq, 6)) != 25 or edata is None:
                return data
            methods = read(edata[1])
            for pa in methods[0][1]:
                if number(field(pa[1], 1)) == 19:  # PA-ETYPE-INFO2
                    value = field(pa[1], 2)
                    keys = read(value[1])
                    if self.args[0] not in [number(field(k[1], 0)) for k in keys[0][1]]:
                        keys[0][1].append([0x30, [[0xA0, [integer(self.args[0])]]]])
                    value[1] = write(keys)
            edata[1] = write(methods)
        elif tree[0][0] == KRB_ERROR and self.how in ("code", "again", "policy", "elsewhere"):
            code = number(field(seq, 6))
            if code == 25:
                self.hint = field(seq, 12)
            if code != self.args[0]:
                return data
            seq[:] = [f for f in seq if f[0] != 0xAB]  # no e-text about another code
            if self.how == "code":
                put(seq, 6, integer(self.args[1]))
            elif self.how == "again":
                put(seq, 6, integer(25))
                put(seq, 12, self.hint)
            elif self.how == "elsewhere":
                put(seq, 6, integer(68))
                put(seq, 7, [0x1B, self.args[1].encode()])
            else:
                status = [0x30, [[0xA1, [integer(3)]], [0xA2, [[0x04, struct.pack("<III", self.args[1], 0, 1)]]]]]
                put(seq, 6, integer(12))
                put(seq, 12, [0x04, write([status])])
        else:
            return data
        return write(tree)


def exactly(s, n):
    out = b""
    while len(out) < n:
        more = s.recv(n - len(out))
        if not more:
            raise EOFError
        out += more
    return out


def framed(s):
    return exactly(s, int.from_bytes(exactly(s, 4), "big"))


def stream(client, kdc, change):
    with client, socket.create_connection(kdc, 5) as up:
        try:
            while True:
                for src, dst, how in ((client, up, change.request), (up, client, change.answer)):
                    data = how(framed(src))
                    dst.sendall(len(data).to_bytes(4, "big") + data)
        except (EOFError, OSError):
            pass


def tcp(port, kdc, change):
    server = socket.create_server(("", port))
    while True:
        client, _ = server.accept()
        threading.Thread(target=stream, args=(client, kdc, change), daemon=True).start()


def main(port, host, *how):
    kdc, change = (host, 88), Change(*how)
    threading.Thread(target=tcp, args=(int(port), kdc, change), daemon=True).start()
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("", int(port)))

    def one(data, addr):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as up:
            up.settimeout(5)
            up.sendto(change.request(data), kdc)
            server.sendto(change.answer(up.recv(65535)), addr)

    while True:
        data, addr = server.recvfrom(65535)
        threading.Thread(target=one, args=(data, addr), daemon=True).start()


if len(sys.argv) < 4:
    sys.exit(__doc__)
main(*sys.argv[1:])
