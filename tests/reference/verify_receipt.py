#!/usr/bin/env python3
"""usage: verify_receipt.py FILE.receipt.cose FILE.keys.cose

Prints the claims and exits 0 when the receipt holds under one of the keys; says why and exits 1 when not.
Signature arithmetic included, nothing but Python's standard library is used.
"""

import pathlib
import sys

import receipt


def show(value):
    return value.hex() if isinstance(value, bytes) else str(value)


def main(arguments):
    if len(arguments) != 2:
        print(__doc__.strip().splitlines()[0], file=sys.stderr)
        return 2
    file, keys = (pathlib.Path(name).read_bytes() for name in arguments)
    try:
        claims = receipt.read_receipt(file, receipt.read_keys(keys))
    except receipt.Refused as refused:
        print(f"refused: {refused}", file=sys.stderr)
        return 1
    for key, value in claims.items():
        print(f"{key:3} {receipt.CLAIMS[key]:22} {show(value)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
