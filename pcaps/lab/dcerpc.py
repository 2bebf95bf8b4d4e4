"""Connection-oriented DCE/RPC PDUs (C706 chapter 12, [MS-RPCE] 2.2.2), as little as a bind with authentication needs."""
import struct
import uuid

REQUEST, RESPONSE, FAULT, BIND, BIND_ACK, BIND_NAK, ALTER, ALTER_RESP = 0, 2, 3, 11, 12, 13, 14, 15
SPNEGO, KERBEROS = 9, 16  # auth_type
CONNECT, PRIVACY = 2, 6  # auth_level

# An interface of the lab's own; what is asked over it does not matter.
INTERFACE = uuid.UUID("6b657262-7363-6f70-652d-6c61622d3031").bytes_le + struct.pack("<HH", 1, 0)
NDR = uuid.UUID("8a885d04-1ceb-11c9-9fe8-08002b104860").bytes_le + struct.pack("<I", 2)


def header(ptype, call, frag, auth=0):
    return struct.pack("<BBBB4sHHI", 5, 0, ptype, 3, b"\x10\0\0\0", frag, auth, call)


def pdu(ptype, call, body, auth_type=0, level=0, token=None):
    if token is None:
        return header(ptype, call, 16 + len(body)) + body
    pad = -len(body) % 4
    trailer = struct.pack("<BBBBI", auth_type, level, pad, 0, 1)
    return header(ptype, call, 16 + len(body) + pad + 8 + len(token), len(token)) + body + b"\0" * pad + trailer + token


def bind_body():
    return struct.pack("<HHIB3xHBB", 5840, 5840, 0, 1, 0, 1, 0) + INTERFACE + NDR


def ack_body(port):
    addr = str(port).encode() + b"\0" if port else b""
    body = struct.pack("<HHIH", 5840, 5840, 0x77, len(addr)) + addr
    body += b"\0" * (-len(body) % 4)
    return body + struct.pack("<B3xHH", 1, 0, 0) + NDR


def nak_body(reason):
    return struct.pack("<HBBB", reason, 1, 5, 0)


class Closed(Exception):
    pass


class Pdu:
    """One PDU as read: ptype, call, stub (header to trailer), auth_type, level, token, raw."""

    def __init__(self, raw):
        self.raw = raw
        self.ptype = raw[2]
        frag, auth, self.call = struct.unpack_from("<HHI", raw, 8)
        self.token, self.auth_type, self.level, self.trailer = None, 0, 0, b""
        end = frag
        if auth:
            end = frag - auth - 8
            self.trailer = raw[end:end + 8]
            self.auth_type, self.level, self.pad = raw[end], raw[end + 1], raw[end + 2]
            self.token = raw[frag - auth:]
        self.body = raw[16:end]


def receive(sock):
    data = b""
    want = 16
    while len(data) < want:
        more = sock.recv(want - len(data))
        if not more:
            raise Closed
        data += more
        if len(data) == 16:
            want = struct.unpack_from("<H", data, 8)[0]
    return Pdu(data)
