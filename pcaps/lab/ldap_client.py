#!/usr/bin/python3
"""ldap_client.py HOST [--no-mutual]: one SASL bind to LDAP with SPNEGO and Kerberos inside, one leg where it suffices.

Exit status: 0 bound, 1 refused."""
import socket
import sys

import gssapi

MUTUAL = "--no-mutual" not in sys.argv
SPNEGO = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")


def der(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    head = bytes([n]) if n < 128 else bytes([0x82]) + n.to_bytes(2, "big")
    return bytes([tag]) + head + body


def bind(number, token):
    sasl = der(0xA3, der(0x04, b"GSS-SPNEGO"), der(0x04, token))
    return der(0x30, der(0x02, bytes([number])), der(0x60, der(0x02, b"\x03"), der(0x04, b""), sasl))


flag = gssapi.RequirementFlag
flags = flag.replay_detection | (flag.mutual_authentication if MUTUAL else flag.replay_detection)
name = gssapi.Name(f"ldap@{sys.argv[1]}", gssapi.NameType.hostbased_service)
ctx = gssapi.SecurityContext(name=name, mech=SPNEGO, flags=flags, usage="initiate")
with socket.create_connection((sys.argv[1], 389), 10) as s:
    s.sendall(bind(1, ctx.step()))
    answer = s.recv(65536)
    at = answer.index(b"\x0a\x01")  # resultCode
    print("resultCode", answer[at + 2])
    sys.exit(0 if answer[at + 2] == 0 else 1)
