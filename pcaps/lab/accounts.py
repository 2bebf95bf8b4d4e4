#!/usr/bin/python3
"""Accounts, SPNs and passwords, changed in dc1's own database (run on dc1; nothing goes over the network).

accounts.py                       the users of the lab
accounts.py spns                  the hub's SPNs
accounts.py spn-add ACCOUNT SPN   accounts.py spn-delete ACCOUNT SPN
accounts.py spn-twice SPN ACCOUNT... on all of them, which AD would refuse   accounts.py spn-none SPN   on no account
accounts.py password ACCOUNT PW   sets a password: the kvno goes up by one
accounts.py etypes ACCOUNT N      msDS-SupportedEncryptionTypes
accounts.py groups ACCOUNT N      membership in N groups: a PAC as large as wished
accounts.py ungroup               those groups deleted
accounts.py kvno ACCOUNT
"""
import sys

import ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

PASSWORDS = {"alice": "Lab-Alice-1", "bob": "Lab-Bob-1", "svc-web": "Lab-SvcWeb-1", "svc-aes": "Lab-SvcAes-1", "svc-rc4": "Lab-SvcRc4-1",
             "svc-nfs": "Lab-SvcNfs-1"}
HUB = ["smtp/hub-1.contoso.com", "HTTP/hub-1.contoso.com", "cifs/hub-1.contoso.com", "exchangeRFR/hub-1.contoso.com", "imap/hub-1.contoso.com", "pop/hub-1.contoso.com", "sieve/hub-1.contoso.com",
       "xmpp/hub-1.contoso.com", "amqp/hub-1.contoso.com", "MSSQLSvc/hub-1.contoso.com:1433", "MSSQLSvc/hub-1.contoso.com"]

lp = LoadParm()
lp.load_default()
sam = SamDB(url="/var/lib/samba/private/sam.ldb", session_info=system_session(), lp=lp)


def dn(account):
    found = sam.search(expression=f"(sAMAccountName={account})", attrs=["dn"])
    return str(found[0].dn)


def change(account, attr, values, how):
    m = ldb.Message(ldb.Dn(sam, dn(account)))
    m[attr] = ldb.MessageElement(values, how, attr)
    sam.modify(m)


def main(op="users", *args):
    if op == "users":
        for name, password in PASSWORDS.items():
            sam.newuser(name, password)
        change("svc-aes", "servicePrincipalName", ["svc/aes.contoso.com"], ldb.FLAG_MOD_ADD)
        change("svc-rc4", "servicePrincipalName", ["svc/rc4.contoso.com"], ldb.FLAG_MOD_ADD)
        change("svc-web", "servicePrincipalName", ["svc/web.contoso.com"], ldb.FLAG_MOD_ADD)
        change("svc-nfs", "servicePrincipalName", ["nfs/hub-1.contoso.com"], ldb.FLAG_MOD_ADD)
        # NO_AUTH_DATA_REQUIRED: tickets without a PAC, as RPC libraries with small buffers need them.
        change("svc-nfs", "userAccountControl", [str(0x2000200)], ldb.FLAG_MOD_REPLACE)
        change("svc-nfs", "msDS-SupportedEncryptionTypes", ["24"], ldb.FLAG_MOD_REPLACE)
        change("svc-aes", "msDS-SupportedEncryptionTypes", ["24"], ldb.FLAG_MOD_REPLACE)
        change("svc-rc4", "msDS-SupportedEncryptionTypes", ["4"], ldb.FLAG_MOD_REPLACE)
        change("svc-web", "msDS-SupportedEncryptionTypes", ["28"], ldb.FLAG_MOD_REPLACE)
    elif op == "spns":
        change("HUB-1$", "servicePrincipalName", HUB, ldb.FLAG_MOD_ADD)
        for account in ("HUB-1$", "MAILBOX-1$"):
            change(account, "msDS-SupportedEncryptionTypes", ["28"], ldb.FLAG_MOD_REPLACE)
    elif op == "spn-add":
        change(args[0], "servicePrincipalName", [args[1]], ldb.FLAG_MOD_ADD)
    elif op in ("spn-twice", "spn-none"):
        raw = ldb.Ldb("tdb:///var/lib/samba/private/sam.ldb.d/DC=CONTOSO,DC=COM.ldb")
        how, dns = ldb.FLAG_MOD_ADD, [dn(a) for a in args[1:]]
        if op == "spn-none":
            how, dns = ldb.FLAG_MOD_DELETE, [str(e.dn) for e in raw.search(expression=f"(servicePrincipalName={args[0]})", attrs=["dn"])]
        for name in dns:
            m = ldb.Message(ldb.Dn(raw, name))
            m["servicePrincipalName"] = ldb.MessageElement([args[0]], how, "servicePrincipalName")
            raw.modify(m)
    elif op == "spn-delete":
        change(args[0], "servicePrincipalName", [args[1]], ldb.FLAG_MOD_DELETE)
    elif op == "password":
        sam.setpassword(f"(sAMAccountName={args[0]})", args[1])
    elif op == "etypes":
        change(args[0], "msDS-SupportedEncryptionTypes", [args[1]], ldb.FLAG_MOD_REPLACE)
    elif op == "groups":
        sam.transaction_start()
        for i in range(int(args[1])):
            sam.newgroup(f"big-{i:03d}")
            sam.add_remove_group_members(f"big-{i:03d}", [args[0]], add_members_operation=True)
        sam.transaction_commit()
    elif op == "ungroup":
        sam.transaction_start()
        for m in sam.search(expression="(sAMAccountName=big-*)", attrs=["dn"]):
            sam.delete(m.dn)
        sam.transaction_commit()
    elif op == "kvno":
        found = sam.search(expression=f"(sAMAccountName={args[0]})", attrs=["msDS-KeyVersionNumber"])
        print(found[0]["msDS-KeyVersionNumber"])
    else:
        sys.exit(__doc__)


main(*sys.argv[1:])
