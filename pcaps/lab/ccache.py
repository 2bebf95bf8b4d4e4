#!/usr/bin/python3
"""ccache.py prolong FILE SECONDS: every ticket of a cache (MIT format 0x0504) ends, for its owner, so much later than it does."""
import struct
import sys


def prolong(data, seconds):
    data = bytearray(data)
    at = 2
    (n,) = struct.unpack_from(">H", data, at)
    at += 2 + n

    def skip(at):
        return at + 4 + struct.unpack_from(">I", data, at)[0]

    def principal(at):
        (count,) = struct.unpack_from(">I", data, at + 4)
        at += 8
        for _ in range(count + 1):
            at = skip(at)
        return at

    at = principal(at)
    while at < len(data):
        at = principal(principal(at))
        at = skip(at + 2)
        (end,) = struct.unpack_from(">I", data, at + 8)
        if end:
            struct.pack_into(">I", data, at + 8, end + seconds)
        at += 16 + 1 + 4
        for _ in range(2):  # addresses, authorization data
            (count,) = struct.unpack_from(">I", data, at)
            at += 4
            for _ in range(count):
                at = skip(at + 2)
        at = skip(skip(at))
    return data


if len(sys.argv) != 4 or sys.argv[1] != "prolong":
    sys.exit(__doc__)
with open(sys.argv[2], "r+b") as f:
    changed = prolong(f.read(), int(sys.argv[3]))
    f.seek(0)
    f.write(changed)
