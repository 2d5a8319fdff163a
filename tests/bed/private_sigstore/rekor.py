"""Transparency logs like Rekor v1 and v2, and their entries as a bundle carries them."""
import json

from cryptography.hazmat.primitives import serialization

from ..signing import text
from . import keys
from .certificates import SIGNED

NEIGHBOURS = 3  # before and behind each entry, so that its proof has siblings on both sides
OLDER_TREES = 1000  # Rekor v1 counts entries over all its trees


def canonical(document):
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _node(left, right):
    return keys.sha256(b"\1" + left + right)


def _split(count):
    """The largest power of two below COUNT."""
    return 1 << (count - 1).bit_length() - 1


def tree_root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    split = _split(len(leaves))
    return _node(tree_root(leaves[:split]), tree_root(leaves[split:]))


def path(leaves, index):
    """The inclusion proof of a leaf, RFC 6962 §2.1.1."""
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*path(leaves[:split], index), tree_root(leaves[split:])]
    return [*path(leaves[split:], index - split), tree_root(leaves[:split])]


class Log:
    """What both versions do."""

    def __init__(self, host, key, log_id, origin):
        self.host, self.key, self.log_id, self.origin = host, key, log_id, origin
        self._leaves = []

    def checkpoint(self, by=None, root=None):
        """A signed note of the tree as it is; signed BY another log of the same name, or of another ROOT."""
        by = by or self
        lines = (self.origin, str(len(self._leaves)), text(root or tree_root(self._leaves)))
        note = "".join(f"{line}\n" for line in lines)
        signed = by.log_id[:4] + keys.sign(by.key, note.encode())
        return f"{note}\n\u2014 {self.host} {text(signed)}\n"

    def _append(self, body):
        """Appends BODY among neighbours; its index."""
        for data in [b"neighbour"] * NEIGHBOURS + [body] + [b"neighbour"] * NEIGHBOURS:
            self._leaves.append(keys.sha256(b"\0" + data))
        return len(self._leaves) - NEIGHBOURS - 1

    def _entry(self, body, document, index):
        return {"logIndex": str(index), "logId": {"keyId": text(self.log_id)},
                "kindVersion": {"kind": document["kind"], "version": document["apiVersion"]},
                "canonicalizedBody": text(body)}

    def _proof(self, index):
        return {"logIndex": str(index), "rootHash": text(tree_root(self._leaves)),
                "treeSize": str(len(self._leaves)),
                "hashes": [text(node) for node in path(self._leaves, index)],
                "checkpoint": {"envelope": self.checkpoint()}}


class RekorV1(Log):
    """ECDSA; promises as well as proofs."""

    def __init__(self, host="rekor.example"):
        key = keys.p256()
        super().__init__(host, key, keys.sha256(keys.spki(key)), f"{host} - 4711")

    def promise(self, body, index, time):
        """The SignedEntryTimestamp."""
        return keys.sign(self.key, canonical({"body": text(body), "integratedTime": time,
                                              "logID": self.log_id.hex(), "logIndex": index}))

    def add(self, document, time=SIGNED):
        """The entry that it makes of DOCUMENT."""
        body, seconds = canonical(document), int(time.timestamp())
        index = self._append(body)
        entry = self._entry(body, document, index + OLDER_TREES)
        return {**entry, "integratedTime": str(seconds), "inclusionProof": self._proof(index),
                "inclusionPromise": {"signedEntryTimestamp":
                                     text(self.promise(body, index + OLDER_TREES, seconds))}}


class RekorV2(Log):
    """Ed25519; proofs alone."""

    def __init__(self, host="log2025.rekor.example"):
        key = keys.edwards()
        public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        super().__init__(host, key, keys.sha256(host.encode() + b"\n\1" + public), host)

    def add(self, document):
        body = canonical(document)
        index = self._append(body)
        return {**self._entry(body, document, index), "inclusionProof": self._proof(index)}
