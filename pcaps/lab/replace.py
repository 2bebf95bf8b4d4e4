#!/usr/bin/python3
"""replace.py PORT HOST HOSTPORT OLD NEW: passes TCP connections on; in what the server says, OLD (as long as NEW) is replaced."""
import socket
import sys
import threading

PORT, HOST, HOSTPORT, OLD, NEW = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4].encode(), sys.argv[5].encode()


def pump(src, dst, change):
    try:
        while data := src.recv(65536):
            dst.sendall(change(data))
        dst.shutdown(socket.SHUT_WR)
    except OSError:
        pass


server = socket.create_server(("", PORT))
while True:
    client, _ = server.accept()
    up = socket.create_connection((HOST, HOSTPORT))
    threading.Thread(target=pump, args=(client, up, lambda data: data), daemon=True).start()
    threading.Thread(target=pump, args=(up, client, lambda data: data.replace(OLD, NEW)), daemon=True).start()
