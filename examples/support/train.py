#!/usr/bin/python3
"""Train the support model and write what the example needs.

Debian: apt install python3-sklearn python3-onnx. hats itself needs no Python; this script is kept so that
the model can be made again.

    ./train.py          reads data/; writes model.onnx and schema.txt

calibration.csv and test.csv are data/banking77_train.csv and data/banking77_test.csv as they came.
The features below are those of src/model/ngram.h, written a second time.
"""
import csv
import json
import pathlib
import re

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC

HERE = pathlib.Path(__file__).parent
D = 1024  # inputs: D - 1 hashed slots and the norm
MASK = (1 << 64) - 1


def hash64(gram):
    h = 0xCBF29CE484222325
    for byte in gram.encode():
        h = (h ^ byte) * 0x100000001B3 & MASK
    h ^= h >> 33
    h = h * 0xFF51AFD7ED558CCD & MASK
    h ^= h >> 33
    h = h * 0xC4CEB9FE1A85EC53 & MASK
    return h ^ h >> 33


def features(text):
    """{slot: value}; slot D - 1 is the rounded norm of the others."""
    text = text.encode()
    text = bytes(c + 32 if 65 <= c <= 90 else c for c in text)
    text = text.replace(b"'", b"").replace("\u2019".encode(), b"")
    words = re.sub(rb"[^a-z0-9]", b" ", text).decode().split()
    grams = {}
    for w in words:
        grams["w1:" + w] = 2
        padded = " " + w + " "
        for n in (3, 4, 5):
            for i in range(len(padded) - n + 1):
                grams[f"c{n}:" + padded[i:i + n]] = 1
    for a, b in zip(words, words[1:]):
        grams[f"w2:{a} {b}"] = 2
    x = {}
    for gram, weight in grams.items():
        h = hash64(gram)
        slot = h % (D - 1)
        x[slot] = x.get(slot, 0) + (-weight if h >> 63 else weight)
    x = {k: v for k, v in x.items() if v}
    x[D - 1] = int(np.floor(np.sqrt(sum(v * v for v in x.values())) + 0.5))
    return x


def read(name):
    with open(HERE / "data" / name, newline="", encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    return [r["text"] for r in rows], [r["category"] for r in rows]


def matrix(texts):
    """Hashed slots of unit length; the norm slot is left to the intercept."""
    indptr, indices, data = [0], [], []
    for t in texts:
        x = features(t)
        x.pop(D - 1)
        norm = np.sqrt(sum(v * v for v in x.values()))
        for k in sorted(x):
            indices.append(k)
            data.append(x[k] / norm)
        indptr.append(len(indices))
    return csr_matrix((data, indices, indptr), shape=(len(texts), D - 1))


def write_onnx(path, w):
    nodes = [
        helper.make_node("MatMul", ["ngrams", "weights"], ["scores"], "linear"),
        helper.make_node("ArgMax", ["scores"], ["intent"], "choose", axis=1, keepdims=0),
    ]
    graph = helper.make_graph(
        nodes, "banking77",
        [helper.make_tensor_value_info("ngrams", TensorProto.FLOAT, [None, D])],
        [helper.make_tensor_value_info("intent", TensorProto.INT64, [None])],
        [numpy_helper.from_array(np.ascontiguousarray(w.T.astype(np.float32)), "weights")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8,
                              producer_name="examples/support/train.py")
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())


def main():
    classes = json.loads((HERE / "data" / "banking77_categories.json").read_text())
    texts, labels = read("banking77_train.csv")
    y = np.array([classes.index(l) for l in labels])
    model = LinearSVC(C=1, random_state=0)
    model.fit(matrix(texts), y)
    w = np.column_stack([model.coef_, model.intercept_])
    write_onnx(HERE / "model.onnx", w)
    (HERE / "schema.txt").write_text(
        "# Hashed n-grams of the customer's words; the last input is their norm.\n"
        f"text-ngrams text {D}\nlabels " + " ".join(f'"{c}"' for c in classes) + "\n")
    texts, labels = read("banking77_test.csv")
    x = matrix(texts)
    right = sum(classes[i] == l for i, l in zip(model.predict(x), labels))
    print(f"test: {right} of {len(labels)} right")
    return w


if __name__ == "__main__":
    main()
