"""HATS-CBOR-1 (docs/FORMATS.md, first page): the strict decoder and the one encoder.

    integers              int            -2^63 .. 2^64 - 1
    byte, text strings    bytes, str
    arrays                list
    maps                  dict, keys integers, in the bytewise order of their encodings
    false, true, null     False, True, None
    tag 18                Tagged
"""

from typing import NamedTuple

DEPTH_MAX = 16
UINT, NINT, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE = range(8)
SIMPLE_VALUES = {20: False, 21: True, 22: None}


class Refused(ValueError):
    pass


class Tagged(NamedTuple):
    tag: int
    value: object


def _head(major, argument):
    if argument < 24:
        return bytes([major << 5 | argument])
    for size, code in ((1, 24), (2, 25), (4, 26), (8, 27)):
        if argument < 256**size:
            return bytes([major << 5 | code]) + argument.to_bytes(size, "big")
    raise OverflowError(argument)


def encode(value):
    if value is False or value is True or value is None:
        return _head(SIMPLE, {False: 20, True: 21, None: 22}[value])
    if isinstance(value, int):
        return _head(UINT, value) if value >= 0 else _head(NINT, -1 - value)
    if isinstance(value, bytes):
        return _head(BYTES, len(value)) + value
    if isinstance(value, str):
        text = value.encode("utf-8")
        return _head(TEXT, len(text)) + text
    if isinstance(value, list):
        return _head(ARRAY, len(value)) + b"".join(encode(v) for v in value)
    if isinstance(value, dict):
        pairs = sorted((encode(k), encode(v)) for k, v in value.items())
        return _head(MAP, len(pairs)) + b"".join(k + v for k, v in pairs)
    if isinstance(value, Tagged):
        return _head(TAG, value.tag) + encode(value.value)
    raise TypeError(type(value))


class _Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        if n > len(self.data) - self.at:
            raise Refused("it ends early")
        self.at += n
        return self.data[self.at - n : self.at]

    def head(self):
        first = self.take(1)[0]
        major, low = first >> 5, first & 31
        if major == SIMPLE:
            if low not in SIMPLE_VALUES:
                raise Refused("neither false, true nor null")
            return major, low
        if low < 24:
            return major, low
        if low > 27:
            raise Refused("indefinite length, or a reserved head")
        size = 1 << (low - 24)
        argument = int.from_bytes(self.take(size), "big")
        if argument < 24 or (size > 1 and argument < 256 ** (size // 2)):
            raise Refused("a head that is not the shortest")
        return major, argument

    def item(self, depth):
        major, argument = self.head()
        if major in (ARRAY, MAP, TAG):
            depth += 1
            if depth > DEPTH_MAX:
                raise Refused("too deep")
        if major == UINT:
            return argument
        if major == NINT:
            if argument >= 2**63:
                raise Refused("below -2^63")
            return -1 - argument
        if major == BYTES:
            return self.take(argument)
        if major == TEXT:
            try:
                return self.take(argument).decode("utf-8")
            except UnicodeDecodeError as error:
                raise Refused("text that is not UTF-8") from error
        if major == ARRAY:
            return [self.item(depth) for _ in range(argument)]
        if major == MAP:
            return self.map(argument, depth)
        if major == TAG:
            if argument != 18:
                raise Refused("a tag other than 18")
            return Tagged(argument, self.item(depth))
        return SIMPLE_VALUES[argument]

    def map(self, pairs, depth):
        out, before = {}, b""
        for _ in range(pairs):
            start = self.at
            key = self.item(depth)
            encoded = self.data[start : self.at]
            if type(key) is not int:
                raise Refused("a map key that is no integer")
            if encoded <= before:
                raise Refused("map keys that do not ascend")
            before = encoded
            out[key] = self.item(depth)
        return out


def decode(data):
    """The value, or Refused: exactly one item in its one encoding."""
    reader = _Reader(bytes(data))
    value = reader.item(0)
    if reader.at != len(data):
        raise Refused("bytes after the item")
    return value
