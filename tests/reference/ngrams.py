"""Hashed n-grams of a text, profile 1: docs/FORMATS.md, 5.1."""

from math import isqrt

FNV_OFFSET, FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3
MASK = 2**64 - 1


def fnv1a(data):
    h = FNV_OFFSET
    for byte in data:
        h = (h ^ byte) * FNV_PRIME & MASK
    return h


def fmix64(h):
    h ^= h >> 33
    h = h * 0xFF51AFD7ED558CCD & MASK
    h ^= h >> 33
    h = h * 0xC4CEB9FE1A85EC53 & MASK
    return h ^ h >> 33


def words_of(text):
    """text and words are bytes."""
    text = text.replace(b"'", b"").replace("\u2019".encode(), b"")
    kept = b"abcdefghijklmnopqrstuvwxyz0123456789"
    lower = bytes(b + 32 if 65 <= b <= 90 else b for b in text)
    return bytes(b if b in kept else 32 for b in lower).split()


def grams_of(words):
    """{gram: weight}; each distinct gram once."""
    grams = {}
    for word in words:
        grams[b"w1:" + word] = 2
    for a, b in zip(words, words[1:]):
        grams[b"w2:" + a + b" " + b] = 2
    for word in words:
        padded = b" " + word + b" "
        for n in (3, 4, 5):
            for at in range(len(padded) - n + 1):
                grams[b"c%d:" % n + padded[at : at + n]] = 1
    return grams


def features(text, d):
    x = [0] * d
    for gram, weight in grams_of(words_of(text)).items():
        h = fmix64(fnv1a(gram))
        x[h % (d - 1)] += -weight if h >> 63 else weight
    square = sum(v * v for v in x[: d - 1])
    root = isqrt(square)
    x[d - 1] = root + (square - root * root > root)  # root + 1/2 squared is root^2 + root + 1/4
    return x
