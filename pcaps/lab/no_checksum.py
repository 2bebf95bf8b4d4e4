#!/usr/bin/python3
"""no_checksum.py KDC REALM USER PASSWORD SERVICE: a logon and a TGS-REQ whose authenticator has no checksum (impacket makes none).

Exit status: 0 a ticket was given, 1 refused."""
import sys

from impacket.krb5 import constants
from impacket.krb5.kerberosv5 import KerberosError, getKerberosTGS, getKerberosTGT
from impacket.krb5.types import Principal

KDC, REALM, USER, PASSWORD, SERVICE = sys.argv[1:]
user = Principal(USER, type=constants.PrincipalNameType.NT_PRINCIPAL.value)
service = Principal(SERVICE, type=constants.PrincipalNameType.NT_SRV_INST.value)
try:
    tgt, cipher, _, session = getKerberosTGT(user, PASSWORD, REALM, b"", b"", kdcHost=KDC)
    getKerberosTGS(service, REALM, KDC, tgt, cipher, session)
except KerberosError as e:
    print(e)
    sys.exit(1)
