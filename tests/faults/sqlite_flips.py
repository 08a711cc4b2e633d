#!/usr/bin/env python3
"""Flips single bits of an SQLite file of results and counts what a reader notices.

    tests/faults/sqlite_flips.py 5000

The question was whether results should live in SQLite (docs/trust.md): its pages have no checksum
unless an extension adds one.
"""

import pathlib
import random
import sqlite3
import sys
import tempfile


def read(path):
    with sqlite3.connect(path) as database:
        rows = database.execute("SELECT arch, accuracy FROM results ORDER BY rowid").fetchall()
        check = database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()
    return rows, check


def main():
    flips = int(sys.argv[1])
    numbers = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "results.sqlite"
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE results (arch TEXT PRIMARY KEY, accuracy REAL)")
            for i in range(500):
                arch = "|".join(f"op{numbers.randrange(5)}~{j}" for j in range(6)) + f"#{i}"
                database.execute("INSERT INTO results VALUES (?, ?)", (arch, numbers.random()))
        database.close()
        whole = path.read_bytes()
        rows, check = read(path)
        assert len(rows) == 500 and check
        counts = {"equal": 0, "refused": 0, "noticed by integrity_check only": 0, "silently different": 0}
        for _ in range(flips):
            damaged = bytearray(whole)
            bit = numbers.randrange(8 * len(whole))
            damaged[bit // 8] ^= 1 << bit % 8
            path.write_bytes(damaged)
            try:
                found, check = read(path)
                if found == rows:
                    counts["equal"] += 1
                else:
                    counts["silently different" if check else "noticed by integrity_check only"] += 1
            except (sqlite3.Error, UnicodeDecodeError, OverflowError):
                counts["refused"] += 1
    print(f"{flips} flips of a file of {len(whole)} bytes:",
          ", ".join(f"{count} {what}" for what, count in counts.items()))


if __name__ == "__main__":
    main()
