#!/usr/bin/env python3
"""Private shares by another implementation, as docs/protocol.md describes them ("Private links").

    private.py open KEY <body >archive        decrypts the body of a private share; tar opens the archive
    private.py list KEY <body                 what is in it, as JSON: paths, sizes, types and SHA-256 of each file
    private.py seal KEY PATH >body            makes the body of a private share of a file or a folder
    private.py vectors >../vectors/private.json

KEY is the part of the link after `#`. AES-GCM is that of the package `cryptography`, or else that of Node.js.
"""

import base64
import hashlib
import hmac
import io
import json
import os
import subprocess
import sys
import tarfile

RECORD = 262144
# That of shares which were made earlier.
RECORD_BEFORE = 65536
# The exit code if there is no AES-GCM on this machine.
MISSING = 77


def aes_gcm(key, records, seal=False):
    """Opens (or, with `seal`, makes) records: (nonce, bytes) each. A record that is not authentic is an error."""
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError:
        return aes_gcm_by_node(key, records, seal)
    work = AESGCM(key).encrypt if seal else AESGCM(key).decrypt
    return [work(nonce, record, None) for nonce, record in records]


def aes_gcm_by_node(key, records, seal):
    program = """
        const c = require('crypto'), i = JSON.parse(require('fs').readFileSync(0)), b = x => Buffer.from(x, 'hex');
        const seal = (n, r) => {
            const d = c.createCipheriv('aes-128-gcm', b(i.key), n);
            return Buffer.concat([d.update(r), d.final(), d.getAuthTag()]); };
        const open = (n, r) => {
            const d = c.createDecipheriv('aes-128-gcm', b(i.key), n);
            d.setAuthTag(r.subarray(-16));
            return Buffer.concat([d.update(r.subarray(0, -16)), d.final()]); };
        console.log(JSON.stringify(i.records.map(([n, r]) => (i.seal ? seal : open)(b(n), b(r)).toString('hex'))))"""
    given = {"key": key.hex(), "seal": seal, "records": [[nonce.hex(), record.hex()] for nonce, record in records]}
    try:
        done = subprocess.run(["node", "-e", program], input=json.dumps(given).encode(), stdout=subprocess.PIPE, check=True)
    except FileNotFoundError:
        print("there is neither the Python package `cryptography` nor Node.js", file=sys.stderr)
        sys.exit(MISSING)
    return [bytes.fromhex(record) for record in json.loads(done.stdout)]


def hkdf(salt, secret, info, length):
    extracted = hmac.digest(salt, secret, "sha256")
    return hmac.digest(extracted, info + b"\1", "sha256")[:length]


def derive(text, salt):
    secret = base64.urlsafe_b64decode(text + "==")
    key = hkdf(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
    base = int.from_bytes(hkdf(salt, secret, b"Content-Encoding: nonce\0", 12), "big")
    return key, lambda number: (base ^ number).to_bytes(12, "big")


def open_body(text, body):
    salt, size, id_len = body[:16], int.from_bytes(body[16:20], "big"), body[20]
    assert size in (RECORD, RECORD_BEFORE) and id_len == 0, "not a private share"
    key, nonce = derive(text, salt)
    sealed = [body[at:at + size] for at in range(21, len(body), size)]
    records = [(nonce(number), record) for number, record in enumerate(sealed)]
    opened = aes_gcm(key, records)
    contents = [record.rstrip(b"\0") for record in opened]
    ends = [content[-1:] for content in contents]
    assert ends == [b"\1"] * (len(ends) - 1) + [b"\2"], "it does not end where it should"
    return b"".join(content[:-1] for content in contents)


def seal_body(text, salt, archive, record=RECORD):
    key, nonce = derive(text, salt)
    size = record - 17
    contents = [archive[at:at + size] for at in range(0, len(archive), size)]
    ends = [b"\1"] * (len(contents) - 1) + [b"\2"]
    records = [(nonce(number), content + end) for number, (content, end) in enumerate(zip(contents, ends))]
    return salt + record.to_bytes(4, "big") + b"\0" + b"".join(aes_gcm(key, records, seal=True))


def listed(archive):
    entries = []
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            assert member.isfile() or member.isdir(), member
            entry = {"path": member.name, "folder": member.isdir(), "size": member.size}
            entry["owner"] = [member.uid, member.gid, member.uname, member.gname, member.mtime]
            entry["type"] = member.pax_headers.get("FLUENCE.media-type")
            if member.isfile():
                entry["sha256"] = hashlib.sha256(tar.extractfile(member).read()).hexdigest()
            entries.append(entry)
    return entries


def stream(length):
    """The bytes of the vectors of UnixFS (README.md there)."""
    x, out = 2463534242, bytearray()
    for _ in range(length):
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        out.append(x & 0xFF)
    return bytes(out)


def make_archive(entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for entry in entries:
            member = tarfile.TarInfo(entry["path"])
            member.size, member.mode = entry.get("size", 0), 0o644
            if entry.get("folder"):
                member.type, member.mode = tarfile.DIRTYPE, 0o755
            if entry.get("type"):
                member.pax_headers = {"FLUENCE.media-type": entry["type"]}
            tar.addfile(member, io.BytesIO(stream(member.size)))
        length = tar.offset
    # Without what the program adds to fill the last tape record.
    return out.getvalue()[:length] + bytes(1024)


def archive_of(path):
    """The archive of a file or a folder, which says nothing of this machine."""
    def plain(member):
        member.uid = member.gid = member.mtime = 0
        member.uname = member.gname = ""
        member.mode = 0o755 if member.isdir() else 0o644
        return member

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        tar.add(path, os.path.basename(path), filter=plain)
    return out.getvalue()


def vectors():
    made = []
    for number, (about, record, entries) in enumerate([
        ("an empty file", RECORD, [{"path": "empty"}]),
        ("a file and its type", RECORD, [{"path": "a.txt", "size": 5, "type": "text/plain"}]),
        ("a name in another script", RECORD, [{"path": "отпуск 2026 🏖.jpg", "size": 100, "type": "image/jpeg"}]),
        ("an empty folder", RECORD, [{"path": "nothing", "folder": True}]),
        ("a folder", RECORD, [
            {"path": "holiday/a.bin", "size": 600},
            {"path": "holiday/" + "x" * 120, "size": 1},
            {"path": "holiday/in/ü", "size": 1},
            {"path": "holiday/empty", "folder": True},
        ]),
        ("three records", RECORD, [{"path": "three.bin", "size": 600000}]),
        ("one of the size that records had before", RECORD_BEFORE, [{"path": "before.txt", "size": 5}]),
    ]):
        key = base64.urlsafe_b64encode(bytes(range(number, number + 16))).decode().rstrip("=")
        salt = hashlib.sha256(about.encode()).digest()[:16]
        body = seal_body(key, salt, make_archive(entries), record)
        vector = {"about": about, "record": record, "key": key, "salt": salt.hex(), "entries": entries, "size": len(body)}
        vector["sha256"] = hashlib.sha256(body).hexdigest()
        if len(body) < 10000:
            vector["body"] = base64.b64encode(body).decode()
        made.append(vector)
    return made


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "vectors":
        print(json.dumps(vectors(), ensure_ascii=False, indent=1))
    elif what == "seal":
        sys.stdout.buffer.write(seal_body(rest[0], os.urandom(16), archive_of(rest[1])))
    else:
        archive = open_body(rest[0], sys.stdin.buffer.read())
        if what == "list":
            print(json.dumps(listed(archive)))
        else:
            sys.stdout.buffer.write(archive)
