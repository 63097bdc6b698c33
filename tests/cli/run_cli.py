"""The programs as a person uses them: good paths, and every kind of bad input, over a real server.

usage: run_cli.py BUILD-DIR SOURCE-DIR          (prints TAP)
"""
import csv
import gzip
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

build, source = (os.path.abspath(p) for p in sys.argv[1:3])
HATS = os.path.join(build, "hats")
CLINICAL = os.path.join(source, "examples", "clinical")
count = failures = 0


def check(name, ok, note=""):
    global count, failures
    count += 1
    failures += not ok
    print(f"{'ok' if ok else 'not ok'} {count} - {name}")
    if not ok and note:
        print("\n".join("# " + line for line in str(note).splitlines()[:12]))
    sys.stdout.flush()


def hats(*args, home=None, **kw):
    env = dict(os.environ, HATS_HOME=home or HOME, NO_COLOR="1")
    return subprocess.run([HATS, *args], env=env, capture_output=True, text=True, timeout=120, **kw)


def expect(name, result, code, *words):
    """Exit code and words in what was printed; never a crash."""
    text = result.stdout + result.stderr
    ok = result.returncode == code and all(w in text for w in words)
    check(name, ok, f"exit {result.returncode}, wanted {code} and {words}\n{text}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def write(name, text, mode="w"):
    path = os.path.join(TMP, name)
    with open(path, mode, **({} if "b" in mode else {"newline": "", "encoding": "utf-8"})) as f:
        f.write(text)
    return path


def start(service, port):
    log = open(os.path.join(TMP, "server.log"), "a", encoding="utf-8")
    p = subprocess.Popen([HATS, "serve", service], stderr=log, stdout=log)
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return p
        except OSError:
            if p.poll() is not None:
                break
            time.sleep(0.05)
    print("Bail out! the server does not start:",
          open(os.path.join(TMP, "server.log"), encoding="utf-8").read()[-500:])
    sys.exit(1)


def provider(port):
    service = os.path.join(TMP, "service")
    r = hats("init", service, "--port", str(port), "--issuer", "Test Provider", "--json")
    expect("init makes a service", r, 0)
    made = json.loads(r.stdout)
    expect("init leaves an existing service alone", hats("init", service), 6)
    model = os.path.join(made["models"], "clinical")
    compile_args = ["model", "compile", os.path.join(CLINICAL, "model.onnx"), "--calibration",
                    os.path.join(CLINICAL, "calibration.csv"), "--schema",
                    os.path.join(CLINICAL, "schema.txt"), "--label", "diagnosis",
                    "--name", "clinical"]
    expect("compile reports bits, bytes, leakage and accuracy", hats(*compile_args, "--out", model), 0,
           "bits quantum", "failure probability 0", "leakage", "accuracy", "bytes")
    again = os.path.join(TMP, "again")
    hats(*compile_args, "--out", again)
    same = all(open(os.path.join(model, f), "rb").read() == open(os.path.join(again, f), "rb").read()
               for f in os.listdir(again))
    check("compiling again gives the same bytes", same and len(os.listdir(again)) >= 5)
    expect("a model that is not published is not served", hats("serve", service, "--check"), 2)
    publish = ["model", "publish", model, "--key", made["publisher_key"], "--publisher", "Publisher"]
    expect("publish signs the package", hats(*publish), 0, "commitment")
    expect("a published package is not published twice", hats(*publish), 6)
    expect("inspect prints the same figures", hats("model", "inspect", model), 0, "published",
           "bits classical")
    expect("serve --check says what would be served", hats("serve", service, "--check"), 0, "clinical")
    return made


def owner(made, url):
    expect("no key yet: the client says how to make one",
           hats("infer", "--model", url + "/clinical", "--input", TEST, "--row", "1"), 2, "hats keygen")
    expect("keygen makes a key", hats("keygen"), 0, "kid", "quantum")
    expect("keygen never overwrites", hats("keygen"), 6, "never overwritten")
    expect("an unknown server is not trusted",
           hats("key", "register", "--server", url), 2, "hats trust add")
    expect("trust add takes the provider's files",
           hats("trust", "add", url, "--root", made["root"], "--keys", made["keys"], "--token",
                made["token"]), 0)
    expect("an unregistered key is refused with advice",
           hats("infer", "--model", url + "/clinical", "--input", TEST, "--row", "1"), 2,
           "key-unknown", "hats key register")
    expect("key register", hats("key", "register", "--server", url), 0, "registered")
    expect("key register again is nothing", hats("key", "register", "--server", url), 0)
    expect("key list shows it", hats("key", "list", "--server", url), 0, "kid")
    expect("trust show names the signers", hats("trust", "show", made["keys"]), 0, "receipt")


def scores(url):
    out = os.path.join(TMP, "evidence")
    r = hats("infer", "--model", url + "/clinical", "--input", TEST, "--row", "7", "--out", out)
    expect("one record for a person", r, 0, "record 7", "probability", "receipt verified",
           "proven to be encrypted", "S128")
    proof = os.path.join(out, "record-7.proof")
    expect("the proof that was sent is kept, and says what it is", hats("proof", "inspect", proof), 0,
           "suite S128: 128.")
    receipt = json.loads(hats("verify", os.path.join(out, "record-7.receipt.cose"), "--json").stdout)
    check("the receipt names this proof",
          hashlib.sha256(open(proof, "rb").read()).hexdigest() in json.dumps(receipt), receipt)
    table = os.path.join(out, "results.csv")
    os.chmod(table, 0o644)
    hats("infer", "--model", url + "/clinical", "--input", TEST, "--row", "7", "--out", out)
    check("scores are written for their owner alone", os.stat(table).st_mode & 0o777 == 0o600)
    r = hats("infer", "--model", url + "/clinical", "--input", TEST, "--all", "--quiet")
    rows = list(csv.DictReader(r.stdout.splitlines()))
    truth = list(csv.DictReader(open(TEST, encoding="utf-8")))
    right = sum(a["label"] == b["diagnosis"] for a, b in
                zip(sorted(rows, key=lambda x: int(x["record"])), truth))
    check("all 114 test records, 111 diagnoses right, as the integer model has them",
          r.returncode == 0 and len(rows) == len(truth) == 114 and right == 111,
          f"{r.returncode} {len(rows)} {right} {r.stderr}")
    r = hats("infer", "--model", url + "/clinical", "--input", TEST, "--row", "7", "--json")
    one = json.loads(r.stdout)
    check("--json gives exact accumulators, times and sizes",
          isinstance(one["accumulators"][0], int) and one["bytes"]["receipt"] < 12288 and
          one["receipt_verified"] is True, r.stdout)
    r = hats("infer", "--model", url + "/clinical", "--input", TEST, "--row", "7", "--json", "--proof", "small")
    small = json.loads(r.stdout)
    check("--proof small sends fewer bytes, and the same record has the same score",
          small["proof_suite"] == "S128-small" and one["proof_suite"] == "S128" and
          0 < small["bytes"]["proof"] < one["bytes"]["proof"] < 131072 and one["ms"]["prove"] > 0 and
          small["accumulators"] == one["accumulators"], r.stdout)
    expect("there is no way to send no proof",
           hats("infer", "--model", url + "/clinical", "--input", TEST, "--row", "7", "--proof", "none"), 2,
           "fast or small")
    return os.path.join(out, "record-7.receipt.cose")


def verification(receipt, made):
    data = open(receipt, "rb").read()
    expect("verify needs no flag for a server one knows", hats("verify", receipt), 0, "proven")
    expect("verify with a key set", hats("verify", receipt, "--trust", made["keys"]), 0)
    lonely = os.path.join(TMP, "lonely")
    expect("without any key set the signer is not trusted", hats("verify", receipt, home=lonely), 4)
    expect("asserted is not proven", hats("verify", receipt, "--require", "proven"), 3)
    r = hats("verify", receipt, "--json")
    report = json.loads(r.stdout)
    check("verify --json has seven requirements",
          r.returncode == 0 and len([k for k in json.dumps(report).split('"title"')]) == 8, r.stdout)
    refused = 0
    positions = range(0, len(data), 37)
    for at in positions:
        changed = bytearray(data)
        changed[at] ^= 1
        r = hats("verify", write("changed.cose", bytes(changed), "wb"))
        refused += r.returncode in (1, 4, 7) and len(r.stdout + r.stderr) > 20
    check("a changed byte is refused, with a reason", refused == len(positions),
          f"{refused} of {len(positions)}")
    expect("a truncated receipt", hats("verify", write("cut.cose", data[:500], "wb")), 1)
    expect("an empty file is nothing to verify", hats("verify", write("empty.cose", b"", "wb")), 7)
    expect("a text is nothing to verify", hats("verify", write("text.txt", "hello\n")), 7)
    expect("a missing file", hats("verify", os.path.join(TMP, "nothing")), 2)
    publication = os.path.join(made["models"], "clinical", "publication.cose")
    expect("a publication verifies too, and shows whose key signed it", hats("verify", publication), 0,
           "clinical", "signed by    Test Provider, models (trusted)", '"Publisher"')


def other_jobs(made, url, port):
    """Credit and support: another two models beside the first, read in by SIGHUP, exact over the wire."""
    data = os.path.join(source, "examples", "support", "data")
    jobs = {"credit": ("class", os.path.join(source, "examples", "credit", "calibration.csv"),
                       ["--w-bits", "10"]),
            "support": ("category", os.path.join(data, "banking77_train.csv"),
                        ["--x-bits", "8", "--w-bits", "6", "--saturate-ppm", "100"])}
    for job, (label, calibration, widths) in jobs.items():
        example, package = os.path.join(source, "examples", job), os.path.join(made["models"], job)
        r = hats("model", "compile", os.path.join(example, "model.onnx"), "--schema",
                 os.path.join(example, "schema.txt"), "--calibration", calibration, "--label", label,
                 *widths, "--name", job, "--out", package)
        expect(f"compile {job}", r, 0, "accuracy")
        hats("model", "publish", package, "--key", made["publisher_key"], "--publisher", "Publisher")
    server.send_signal(signal.SIGHUP)
    for _ in range(100):
        if '"support"' in hats("model", "list", "--server", url).stdout:
            break
        time.sleep(0.1)

    def exact(job, test, target, n):
        with open(test, encoding="utf-8", newline="") as f:
            rows = list(csv.reader(f))[:n + 1]
        part = write(job + ".csv", "")
        with open(part, "w", encoding="utf-8", newline="") as f:
            csv.writer(f).writerows(rows)
        r = hats("infer", "--model", f"{url}/{job}", "--input", part, "--all", "--json", "--quiet",
                 "--window", "16")
        got = {(a := json.loads(line))["record"]: a["accumulators"] for line in r.stdout.splitlines()}
        with gzip.open(os.path.join(source, "tests", "targets", "data", target), "rt") as f:
            want = [[int(v) for v in line.split()] for line in f]
        same = sum(got.get(i + 1) == want[i] for i in range(len(rows) - 1))
        check(f"{job}: {len(rows) - 1} answers over the wire equal the target file, integer for integer",
              r.returncode == 0 and same == len(rows) - 1, f"{same} {r.stderr}")

    exact("credit", os.path.join(source, "examples", "credit", "test.csv"),
          "german_scorecard_w10.acc.txt.gz", 200)
    exact("support", os.path.join(data, "banking77_test.csv"), "banking77_d1024_w6c.acc.txt.gz", 100)
    expect("a text that is too long is refused", hats(
        "infer", "--model", url + "/support", "--row", "1", "--input",
        write("long.csv", "text\n" + " ".join(f"word{i}" for i in range(2000)) + "\n")), 2, "row 2")


def public_interface(url, made, receipt):
    """The example programs, which see include/hats alone."""
    header, *rows = open(TEST, encoding="utf-8").read().splitlines()
    cells = [f"{n}={v}" for n, v in zip(header.split(","), rows[6].split(",")) if n != "diagnosis"]

    def run(name, *args, **kw):
        return subprocess.run([os.path.join(build, "examples", name), *args], capture_output=True,
                              text=True, timeout=60, env=dict(os.environ, HATS_HOME=HOME), cwd=TMP, **kw)

    expect("a program on libhats scores a record", run("score", url + "/clinical", *cells), 0,
           "malignant", "verified before decrypting")
    expect("its receipt verifies", hats("verify", os.path.join(TMP, "score.receipt.cose")), 0)
    expect("a missing column comes back as a sentence", run("score", url + "/clinical", *cells[1:]), 2,
           header.split(",")[0])
    expect("a bad value comes back as a sentence",
           run("score", url + "/clinical", header.split(",")[0] + "=x", *cells[1:]), 2)
    expect("an unknown model comes back as a sentence", run("score", url + "/nosuch", *cells), 2,
           "model-unknown")
    expect("a program on libhats-verify checks a receipt", run("verify", receipt, made["keys"]), 0,
           "requirement")
    data = bytearray(open(receipt, "rb").read())
    data[-1] ^= 1
    expect("and refuses a changed one", run("verify", write("c.cose", bytes(data), "wb"), made["keys"]), 1)
    expect("and one whose signer it does not know", run("verify", receipt, "/dev/null"), 4)


def bad_csv(url):
    lines = open(TEST, encoding="utf-8").read().splitlines()
    header, row = lines[0], lines[1]
    cells = row.split(",")

    def infer(text, *more, binary=False):
        path = write("bad.csv", text, "wb" if binary else "w")
        return hats("infer", "--model", url + "/clinical", "--input", path, *(more or ("--row", "1")))

    def with_cell(value):
        return header + "\n" + ",".join([value] + cells[1:]) + "\n"

    first = header.split(",")[0]
    expect("an empty file", infer(""), 2, "empty")
    expect("a header alone", infer(header + "\n"), 2, "no record")
    expect("too few columns in a row", infer(header + "\n" + ",".join(cells[:-1]) + "\n"), 2, "row 2")
    expect("too many columns in a row", infer(header + "\n" + row + ",1\n"), 2, "row 2")
    expect("a missing column is named", infer("\n".join(
        ",".join(line.split(",")[1:]) for line in lines[:2]) + "\n"), 2, first)
    expect("a cell that is no number names row and column", infer(with_cell("abc")), 2, first)
    expect("NaN is no number", infer(with_cell("NaN")), 2, first)
    expect("infinity is no number", infer(with_cell("inf")), 2, first)
    expect("hexadecimal is no number", infer(with_cell("0x10")), 2, first)
    expect("an empty cell is refused", infer(with_cell("")), 2, first)
    expect("more digits than the model takes", infer(with_cell("1.23456789012")), 2, first)
    r = infer(with_cell("99999"))
    expect("a value out of range is clipped, and said", r, 0, "outside what the model takes", first)
    expect("an open quote", infer(header + "\n\"" + row + "\n"), 2)
    expect("bytes that are not UTF-8", infer((header + "\n").encode() + b"\xff" + row.encode(),
                                             binary=True), 2)
    quoted = header + "\n" + ",".join('"' + c + '"' for c in cells) + "\r\n"
    expect("quoted cells and CRLF are fine", infer(quoted), 0)
    extra = header + ',"note, with\nnewline and ü"\n' + row + ',"äöü\n""quoted"""\n'
    expect("columns the model does not read may hold anything", infer(extra), 0)
    expect("a byte order mark is fine", infer("\ufeff" + header + "\n" + row + "\n"), 0)
    expect("several records need --row or --all",
           hats("infer", "--model", url + "/clinical", "--input", TEST), 2, "--all")
    expect("a row that is not there",
           hats("infer", "--model", url + "/clinical", "--input", TEST, "--row", "9999"), 2, "114")
    expect("a missing input file",
           hats("infer", "--model", url + "/clinical", "--input", "/nonexistent.csv", "--all"), 2)


def bad_calls(url, made):
    one = ("--input", TEST, "--row", "1")
    expect("an unknown model", hats("infer", "--model", url + "/nosuch", *one), 2, "model-unknown")
    expect("a model name that is a path", hats("infer", "--model", url + "/..", *one), 2)
    expect("http without s", hats("infer", "--model", url.replace("https", "http") + "/clinical", *one), 2)
    other = os.path.join(TMP, "other")
    hats("keygen", home=other)
    wrong = write("wrong.token", "hats_" + "A" * 43 + "\n")
    os.chmod(wrong, 0o600)
    hats("trust", "add", url, "--root", made["root"], "--keys", made["keys"], "--token", wrong, home=other)
    expect("an unknown token", hats("key", "register", "--server", url, home=other), 6, "token-unknown")
    expect("no token", hats_without_token(url, made), 6, "token-missing")
    stranger = os.path.join(TMP, "stranger")
    hats("init", os.path.join(TMP, "other-service"))
    hats("keygen", home=stranger)
    hats("trust", "add", url, "--root", os.path.join(TMP, "other-service", "root.pem"), "--keys",
         made["keys"], "--token", made["token"], home=stranger)
    expect("a server under another root is not believed",
           hats("key", "register", "--server", url, home=stranger), 4)
    hats("trust", "add", url, "--root", made["root"], "--keys",
         os.path.join(TMP, "other-service", "service.keys.cose"), "--token", made["token"], home=stranger)
    expect("a model published by a stranger is not believed",
           hats("infer", "--model", url + "/clinical", *one, home=stranger), 4)
    open_token = write("open.token", "x\n")
    os.chmod(open_token, 0o644)
    expect("a token that others can read is refused",
           hats("trust", "add", url, "--root", made["root"], "--keys", made["keys"], "--token",
                open_token, home=stranger), 6, "chmod 600")
    hats("keygen", "--name", "temp")
    hats("key", "register", "--server", url, "--name", "temp")
    expect("a revoked key", hats("key", "revoke", "--server", url, "--name", "temp"), 0)
    expect("is refused from then on",
           hats("infer", "--model", url + "/clinical", *one, "--name", "temp"), 2, "key-revoked")
    expect("nobody listens", hats("infer", "--model", f"https://localhost:{free_port()}/clinical", *one), 2)


def hats_without_token(url, made):
    home = os.path.join(TMP, "tokenless")
    hats("keygen", home=home)
    hats("trust", "add", url, "--root", made["root"], "--keys", made["keys"], home=home)
    return hats("key", "register", "--server", url, home=home)


def tenants(url, made):
    """A second tenant, from the command line of a running service."""
    service, token = os.path.dirname(made["config"]), os.path.join(TMP, "second.token")
    expect("tenant add writes a token", hats("tenant", "add", service, "--name", "second", "--out", token), 0)
    check("its file is private", os.stat(token).st_mode & 0o777 == 0o600)
    expect("a tenant is not made twice",
           hats("tenant", "add", service, "--name", "second", "--out", token + "2"), 6)
    check("and leaves no empty token behind", not os.path.exists(token + "2"))
    expect("tenant list shows both", hats("tenant", "list", service), 0, "default", "second")
    home = os.path.join(TMP, "second-home")
    hats("keygen", home=home)
    hats("trust", "add", url, "--root", made["root"], "--keys", made["keys"], "--token", token, home=home)
    time.sleep(1.2)
    expect("the new tenant registers a key", hats("key", "register", "--server", url, home=home), 0)
    expect("and does not see the keys of the first",
           hats("key", "list", "--server", url, home=home), 0)
    shutil.copytree(os.path.join(HOME, "keys"), os.path.join(TMP, "thief", "keys"))
    hats("trust", "add", url, "--root", made["root"], "--keys", made["keys"], "--token", token,
         home=os.path.join(TMP, "thief"))
    expect("a key of another tenant is refused",
           hats("infer", "--model", url + "/clinical", "--input", TEST, "--row", "1",
                home=os.path.join(TMP, "thief")), 6, "key-foreign")
    expect("tenant disable", hats("tenant", "disable", service, "--name", "second"), 0)
    time.sleep(1.2)
    expect("its token is refused from then on", hats("key", "list", "--server", url, home=home), 6,
           "token-unknown")
    expect("tenant enable", hats("tenant", "enable", service, "--name", "second"), 0)
    expect("an unknown tenant", hats("tenant", "disable", service, "--name", "nobody"), 2)
    expect("a folder without a service", hats("tenant", "list", TMP), 2)


def bad_files(url):
    full = "/dev/full"
    expect("an output folder that cannot be made",
           hats("infer", "--model", url + "/clinical", "--input", TEST, "--row", "1", "--out",
                full + "/x"), 5)
    if shutil.which("mount") is None or os.geteuid() != 0:
        return
    small = os.path.join(TMP, "small")
    os.makedirs(small)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small],
                      capture_output=True).returncode != 0:
        return
    try:
        r = hats("infer", "--model", url + "/clinical", "--input", TEST, "--all", "--out", small)
        left = [f for f in os.listdir(small) if f.endswith(".new")]
        check("a full disk is said, and nothing is half-written",
              r.returncode == 5 and not left and "cannot write" in r.stderr, r.stderr)
    finally:
        subprocess.run(["umount", small])


def usage():
    expect("no verb shows the overview", hats(), 2, "usage")
    expect("help", hats("help"), 0, "infer", "exit codes")
    for verb in re.findall(r"^  (\w+(?: \w+)?)  +\S", hats("help").stdout, re.M):
        expect(f"{verb} --help explains itself", hats(*verb.split(), "--help"), 0, "usage: hats " + verb)
    expect("version names the kernels in use", hats("version"), 0, "hats ", "kernels: ")
    expect("an unknown verb", hats("dance"), 2, "no verb")
    expect("half a verb lists the other half", hats("model"), 2, "model compile")
    expect("an unknown option", hats("keygen", "--nmae", "x"), 2, "no option")
    r = hats("--man")
    check("the man page names every verb", r.returncode == 0 and ".SS hats infer" in r.stdout)


def proofs():
    path = os.path.join(TMP, "one.proof")
    subprocess.run([os.path.join(build, "tests", "stark", "make_proof"), path, "mixed", "9", "0", "1"],
                   check=True)
    data = open(path, "rb").read()
    digest = hashlib.sha256(data).hexdigest()
    expect("a proof says what it consists of", hats("proof", "inspect", path), 0, "suite S128: 128.0 bits",
           "2^9 rows", "trace tree", "16 bits of work", f"{len(data):,} bytes", digest)
    r = hats("proof", "inspect", path, "--json")
    one = json.loads(r.stdout)
    parts = sum(one[k] for k in ("header_bytes", "roots_bytes", "opened_bytes", "final_bytes")) + 32 + 8
    parts += sum(6 + t["rows_bytes"] + t["salts_bytes"] + t["path_bytes"] for t in one["trees"])
    parts += sum(6 + t["leaves_bytes"] + t["path_bytes"] for t in one["layers"])
    check("and its parts add up", one["sha256"] == digest and parts == len(data) == one["bytes"], r.stdout)
    expect("a proof cut short", hats("proof", "inspect", write("cut.proof", data[:-1], "wb")), 2, "not a proof")
    expect("a proof of an unknown suite",
           hats("proof", "inspect", write("suite.proof", data[:17] + b"\x09" + data[18:], "wb")), 2,
           "suite 9 is unknown")
    expect("a text is no proof", hats("proof", "inspect", write("text.proof", "HATS-STARK-1 is a text")), 2,
           "not a proof")
    expect("no such proof", hats("proof", "inspect", os.path.join(TMP, "none.proof")), 2)


def logs(made, url, receipt):
    """The server's log from outside: shown, checked, witnessed, and named when it lies."""
    log = os.path.join(TMP, "service", "log")
    logged = write("logged.receipt.cose", open(receipt, "rb").read(), "wb")
    expect("a receipt without a place is refused where one is asked for",
           hats("verify", logged, "--logged"), 1, "the file has none")
    for _ in range(40):
        r = hats("log", "attach", logged, "--server", url)
        if r.returncode == 0:
            break
        time.sleep(0.2)
    expect("log attach puts the place into the file", r, 0, "entry", "0 witnesses")
    expect("and the file holds offline", hats("verify", logged, "--logged"), 0, "VERIFIED", "entry")
    check("in less than 12 KB", os.path.getsize(logged) < 12288, os.path.getsize(logged))
    expect("log show checks the signature and remembers", hats("log", "show", url), 0, "entries")
    expect("log show again", hats("log", "show", url), 0, "seen before")
    expect("log verify reads the whole log", hats("log", "verify", url), 0, "every entry and tile")
    expect("log verify of a folder wants a key set", hats("log", "verify", log), 2, "--trust")
    expect("log verify of a folder", hats("log", "verify", log, "--trust", made["keys"]), 0,
           "every entry and tile")
    key, keys = os.path.join(TMP, "witness.pem"), os.path.join(TMP, "witness.keys.cose")
    shutil.copy(made["keys"], keys)
    keygen = ["log", "keygen", "--name", "witness.example/w1", "--out", key, "--keys", keys]
    expect("log keygen makes a witness", hats(*keygen), 0)
    expect("and never overwrites", hats(*keygen), 6, "nothing was changed")
    state, note = os.path.join(TMP, "witness.state"), os.path.join(TMP, "cosigned.note")
    witness = ["log", "witness", url, "--key", key, "--name", "witness.example/w1", "--state", state,
               "--trust", keys]
    expect("a remote log's witness says where its signature goes", hats(*witness), 2, "--out")
    expect("log witness cosigns", hats(*witness, "--out", note), 0, "cosigned")
    check("the note has two signatures", open(note, encoding="utf-8").read().count("\u2014") == 2)
    expect("and again", hats(*witness, "--out", note), 0, "cosigned")

    # a server that shows less than it signed: the folder's checkpoint is an older one
    memory = [os.path.join(d, f) for d, _, files in os.walk(os.path.join(HOME, "servers"))
              for f in files if f == "checkpoint"]
    check("the client remembers one checkpoint", len(memory) == 1, memory)
    older = open(os.path.join(log, "checkpoint"), "rb").read()
    hats("infer", "--model", url + "/clinical", "--input", TEST, "--row", "2")
    for _ in range(40):
        hats("log", "show", url)
        if open(memory[0], "rb").read() != older:
            break
        time.sleep(0.2)
    newer = open(os.path.join(log, "checkpoint"), "rb").read()
    open(os.path.join(log, "checkpoint"), "wb").write(older)
    expect("a log that went backwards is named", hats("log", "show", url), 1, "went backwards")
    expect("and nothing is sent to its server",
           hats("infer", "--model", url + "/clinical", "--input", TEST, "--row", "3"), 1,
           "went backwards")
    expect("a witness does not sign it", hats(*witness, "--out", note), 1, "went backwards")
    open(os.path.join(log, "checkpoint"), "wb").write(newer)
    expect("the log as it was is followed again", hats("log", "show", url), 0)
    cut = bytearray(open(logged, "rb").read())
    cut[1500] ^= 1
    expect("a changed place is refused", hats("verify", write("cut.receipt.cose", bytes(cut), "wb")), 1)


TMP = tempfile.mkdtemp(prefix="hats-cli-")
HOME = os.path.join(TMP, "home")
TEST = os.path.join(CLINICAL, "test.csv")
server = None
try:
    usage()
    proofs()
    port = free_port()
    made = provider(port)
    url = made["origin"]
    server = start(os.path.join(TMP, "service"), port)
    owner(made, url)
    receipt = scores(url)
    verification(receipt, made)
    logs(made, url, receipt)
    public_interface(url, made, receipt)
    other_jobs(made, url, port)
    bad_csv(url)
    bad_calls(url, made)
    tenants(url, made)
    bad_files(url)
    server.send_signal(signal.SIGTERM)
    check("SIGTERM ends the server in order", server.wait(timeout=30) == 0)
    expect("a receipt outlives the server", hats("verify", receipt), 0)
finally:
    if server is not None and server.poll() is None:
        server.kill()
    shutil.rmtree(TMP, ignore_errors=True)
print(f"1..{count}")
sys.exit(failures != 0)
