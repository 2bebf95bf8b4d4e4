#!/usr/bin/python3
"""A DCE/RPC client: bind with a Kerberos token in DCE style, third leg in alter_context, one sealed request.

rpc_client.py HOST PORT SERVICE kerberos|spnego [--pause=S] [--4|--6]

kerberos: auth_type 16, the token is the AP-REQ itself; spnego: auth_type 9.
--pause=S waits S seconds between connecting and binding.
Exit status: 0 answered, 1 refused, 2 no ticket or no connection.
"""
import socket
import sys
import time

import gssapi

import dcerpc
import dcerpc_seal

HOST, PORT, SERVICE, HOW = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
gssapi.SecurityContext.__DEFER_STEP_ERRORS__ = False  # a refused token ends the dialogue at once
PAUSE = next((float(a.split("=")[1]) for a in sys.argv if a.startswith("--pause=")), 0)
FAMILY = socket.AF_INET6 if "--6" in sys.argv else socket.AF_INET if "--4" in sys.argv else socket.AF_UNSPEC
MECH = {"kerberos": "1.2.840.113554.1.2.2", "spnego": "1.3.6.1.5.5.2"}[HOW]
AUTH = dcerpc.SPNEGO if HOW == "spnego" else dcerpc.KERBEROS


def main():
    try:
        flag = gssapi.RequirementFlag
        flags = flag.mutual_authentication | flag.integrity | flag.confidentiality | flag.dce_style | flag.replay_detection | flag.out_of_sequence_detection
        name = gssapi.Name(f"{SERVICE}@{HOST}", gssapi.NameType.hostbased_service)
        ctx = gssapi.SecurityContext(name=name, mech=gssapi.OID.from_int_seq(MECH), flags=flags, usage="initiate")
        token = ctx.step()
        family, kind, proto, _, addr = socket.getaddrinfo(HOST, PORT, FAMILY, socket.SOCK_STREAM)[0]
        sock = socket.socket(family, kind, proto)
        sock.settimeout(20)
        sock.connect(addr)
        time.sleep(PAUSE)
    except (OSError, gssapi.exceptions.GSSError) as err:
        print("failed:", err)
        return 2
    ptype, call = dcerpc.BIND, 1
    try:
        while token:
            sock.sendall(dcerpc.pdu(ptype, call, dcerpc.bind_body(), AUTH, dcerpc.PRIVACY, token))
            p = dcerpc.receive(sock)
            if p.ptype == dcerpc.BIND_NAK:
                print("refused: bind_nak reason", p.body[0])
                return 1
            token = ctx.step(p.token) if p.token else None
            ptype, call = dcerpc.ALTER, call + 1
        sock.sendall(dcerpc_seal.sealed(ctx, dcerpc.REQUEST, call, b"submit mail now." * 2, AUTH))
        p = dcerpc.receive(sock)
        print("answer: ptype", p.ptype, len(dcerpc_seal.open_request(ctx, p)), "bytes")
        return 0 if p.ptype == dcerpc.RESPONSE else 1
    except gssapi.exceptions.GSSError as err:
        print("refused:", err)
        return 1
    except dcerpc.Closed:
        print("refused: closed")
        return 1


sys.exit(main())
