# SPDX-License-Identifier: BSD-2-Clause
"""idle_clients.py ADDRESS PORT COUNT: opens that many connections, half of them with half a request, and holds them until its
standard input ends. Says how many are open, then "done"."""

import resource
import socket
import sys


def main() -> None:
    address, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    clients = []
    for number in range(count):
        client = socket.create_connection((address, port), timeout=60)
        if number % 2 == 0:
            try:
                client.sendall(b"GET / HTTP/1.1\r\nHost:")
            except (ConnectionResetError, BrokenPipeError):
                pass  # another one was let in
        clients.append(client)
    print(len(clients), flush=True)
    sys.stdin.read()
    print("done", flush=True)


main()
