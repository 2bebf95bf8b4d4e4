"""Packet privacy for DCE/RPC requests and responses with GSS wrap_iov in DCE style ([MS-RPCE] 3.3.1.5.2.2)."""
import struct

import gssapi.raw as raw

import dcerpc

HEADER, DATA, SIGN = raw.IOVBufferType.header, raw.IOVBufferType.data, raw.IOVBufferType.sign_only


def sealed(ctx, ptype, call, stub, auth_type):
    fixed = struct.pack("<IHH", len(stub), 0, 0)
    stub += b"\0" * (-len(stub) % 16)
    trailer = struct.pack("<BBBBI", auth_type, dcerpc.PRIVACY, 0, 0, 1)

    def buffers(head):
        return raw.IOV((HEADER, True, None), (SIGN, False, head), (DATA, False, stub), (SIGN, False, trailer), std_layout=False)

    probe = buffers(b"\0" * 24)
    raw.wrap_iov_length(ctx, probe, confidential=True)
    auth = len(probe[0].value)
    head = dcerpc.header(ptype, call, 24 + len(stub) + 8 + auth, auth) + fixed
    iov = buffers(head)
    raw.wrap_iov(ctx, iov, confidential=True)
    token = iov[0].value
    return dcerpc.header(ptype, call, 24 + len(stub) + 8 + len(token), len(token)) + fixed + iov[2].value + trailer + token


def open_request(ctx, p):
    iov = raw.IOV((HEADER, False, p.token), (SIGN, False, p.raw[:24]), (DATA, False, p.body[8:]), (SIGN, False, p.trailer),
                  std_layout=False)
    raw.unwrap_iov(ctx, iov)
    return iov[2].value
