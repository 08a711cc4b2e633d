#!/usr/bin/env python3
"""A link between two network namespaces that is slow, late, or loses packets.

    shaped_link.py A 10.0.0.1 B 10.0.0.2 [--delay MS] [--rate MBIT] [--loss PERCENT]

For kernels without netem: a TUN device in each namespace, and this process between them. It prints
`ready` once packets go through; where it stops, or is stopped, the link is cut. Needs root.
"""

import argparse
import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
MTU = 9000


def device(namespace: str, address: str, peer: str) -> int:
    """A TUN device in a namespace, up, with its address."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{namespace}") as there:
        if libc.setns(there.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH14x", b"shaped", IFF_TUN | IFF_NO_PI))
    for command in (
        f"addr add {address} peer {peer} dev shaped",
        f"link set shaped mtu {MTU} txqueuelen 10000 up",
        "link set lo up",
    ):
        subprocess.run(["ip", *command.split()], check=True)
    return tun


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("a", "address_a", "b", "address_b"):
        parser.add_argument(name)
    parser.add_argument("--delay", type=float, default=0, help="ms, each way")
    parser.add_argument("--rate", type=float, default=float("inf"), help="Mbit/s, each way")
    parser.add_argument("--loss", type=float, default=0, help="percent of packets")
    options = parser.parse_args()
    first = device(options.a, options.address_a, options.address_b)
    second = device(options.b, options.address_b, options.address_a)
    other = {first: second, second: first}
    free = {first: 0.0, second: 0.0}  # when the last packet that came from there is sent
    on_the_way: list[tuple[float, int, int, bytes]] = []
    count = 0
    random.seed(0)
    print("ready", flush=True)
    while True:
        now = time.monotonic()
        while on_the_way and on_the_way[0][0] <= now:
            _, _, to, packet = heapq.heappop(on_the_way)
            try:
                os.write(to, packet)
            except OSError:
                pass  # the device's queue is full, or it is down: lost, as on any link
        wait = on_the_way[0][0] - now if on_the_way else None
        for tun in select.select([first, second], [], [], wait)[0]:
            packet = os.read(tun, MTU + 100)
            if random.random() * 100 < options.loss:
                continue
            free[tun] = max(free[tun], time.monotonic()) + len(packet) * 8e-6 / options.rate
            count += 1
            heapq.heappush(on_the_way, (free[tun] + options.delay / 1e3, count, other[tun], packet))


if __name__ == "__main__":
    main()
