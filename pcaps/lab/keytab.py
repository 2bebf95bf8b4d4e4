#!/usr/bin/python3
"""Edits keytab files (MIT format 0x0502).

keytab.py names SRC DST NAME...   every key of SRC once for each NAME (a principal without realm)
keytab.py spoil SRC DST ETYPE...  the keys of these etypes made wrong, kvno and names kept
keytab.py only  SRC DST ETYPE...  the keys of these etypes alone
keytab.py merge DST SRC...        all entries of several keytabs
keytab.py list  SRC               principal, kvno and etype (never a key)
"""
import struct
import sys


def counted(b):
    return struct.pack(">H", len(b)) + b


def read(path):
    data = open(path, "rb").read()
    assert data[:2] == b"\x05\x02", "not a keytab of version 0x0502"
    at, out = 2, []
    while at + 4 <= len(data):
        (size,) = struct.unpack_from(">i", data, at)
        at += 4
        if size < 0:  # a hole left by a deleted entry
            at += -size
            continue
        e, at = data[at:at + size], at + size
        (n,) = struct.unpack_from(">H", e)
        i, parts = 2, []
        for _ in range(n + 1):
            (ln,) = struct.unpack_from(">H", e, i)
            parts.append(e[i + 2:i + 2 + ln])
            i += 2 + ln
        ntype, stamp, kvno8, etype, ln = struct.unpack_from(">IIBHH", e, i)
        i += 13
        key, i = e[i:i + ln], i + ln
        kvno = struct.unpack_from(">I", e, i)[0] if len(e) - i >= 4 else kvno8
        out.append(dict(realm=parts[0], name=parts[1:], ntype=ntype, stamp=stamp, kvno=kvno or kvno8, etype=etype, key=key))
    return out


def write(path, entries):
    with open(path, "wb") as f:
        f.write(b"\x05\x02")
        for e in entries:
            b = struct.pack(">H", len(e["name"])) + counted(e["realm"]) + b"".join(counted(c) for c in e["name"])
            b += struct.pack(">IIBH", e["ntype"], e["stamp"], e["kvno"] & 255, e["etype"]) + counted(e["key"])
            b += struct.pack(">I", e["kvno"])
            f.write(struct.pack(">i", len(b)) + b)


def main(op, *args):
    if op == "names":
        src, dst, names = read(args[0]), args[1], args[2:]
        seen, out = set(), []
        for e in src:
            if (e["kvno"], e["etype"], e["key"]) in seen:
                continue
            seen.add((e["kvno"], e["etype"], e["key"]))
            out += [dict(e, name=n.encode().split(b"/"), ntype=1) for n in names]
        write(dst, out)
    elif op == "spoil":
        etypes = {int(a) for a in args[2:]}
        write(args[1], [dict(e, key=bytes(b ^ 0x5A for b in e["key"])) if e["etype"] in etypes else e for e in read(args[0])])
    elif op == "only":
        etypes = {int(a) for a in args[2:]}
        write(args[1], [e for e in read(args[0]) if e["etype"] in etypes])
    elif op == "merge":
        write(args[0], [e for a in args[1:] for e in read(a)])
    elif op == "list":
        for e in read(args[0]):
            print(b"/".join(e["name"]).decode() + "@" + e["realm"].decode(), "kvno", e["kvno"], "etype", e["etype"])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
