"""Rekor v1's API around a private log, as far as entries are looked up by it, and logs that mean harm."""
import base64
import contextlib
import copy
import http.server
import json
import socket
import threading
import time

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from ..signing import text
from . import evidence, keys
from .rekor import canonical

TREE = 4711
_API = "/api/v1/log"
RETRIEVE = f"{_API}/entries/retrieve"


def answer_of(entry):
    """An entry as Rekor's API has it, by its UUID: the tree's id and the leaf's hash."""
    proof = entry["inclusionProof"]
    body = base64.b64decode(entry["canonicalizedBody"])
    said = {"body": entry["canonicalizedBody"], "integratedTime": int(entry["integratedTime"]),
            "logID": base64.b64decode(entry["logId"]["keyId"]).hex(), "logIndex": int(entry["logIndex"]),
            "verification": {
                "inclusionProof": {"checkpoint": proof["checkpoint"]["envelope"],
                                   "hashes": [base64.b64decode(node).hex() for node in proof["hashes"]],
                                   "logIndex": int(proof["logIndex"]), "treeSize": int(proof["treeSize"]),
                                   "rootHash": base64.b64decode(proof["rootHash"]).hex()},
                "signedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"]}}
    return {f"{TREE:016x}{keys.sha256(bytes(1) + body).hex()}": said}


def _canonical_body(proposed):
    """The body that Rekor makes of a proposed entry. Like Rekor it takes none whose signature is not by its key."""
    signature, data = proposed["spec"]["signature"], proposed["spec"]["data"]["hash"]
    pem = base64.b64decode(signature["publicKey"]["content"], validate=True)
    if b"CERTIFICATE" in pem:
        certificate = x509.load_pem_x509_certificate(pem)
        key, pem = certificate.public_key(), certificate.public_bytes(serialization.Encoding.PEM)
    else:
        key = serialization.load_pem_public_key(pem)
        pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    key.verify(base64.b64decode(signature["content"], validate=True), bytes.fromhex(data["value"]),
               ec.ECDSA(utils.Prehashed(hashes.SHA256())))
    return canonical({"apiVersion": "0.0.1", "kind": evidence.HASHEDREKORD, "spec": {
        "data": {"hash": {"algorithm": data["algorithm"], "value": data["value"]}},
        "signature": {"content": signature["content"], "publicKey": {"content": text(pem)}}}})


class _Server(http.server.ThreadingHTTPServer):
    """Ends the connections of its clients with itself, also those that are kept for a next request."""
    daemon_threads = True

    def __init__(self, *argv):
        self._clients = []
        super().__init__(*argv)

    def get_request(self):
        client, address = super().get_request()
        self._clients.append(client)
        return client, address

    def drop_all(self):
        for client in self._clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)


class LogServer:
    """Serves what is kept in LOG, a RekorV1, over plain HTTP. FAULT, when set, is asked in place of the log: it gets
    the handler and what the honest answer would be."""

    def __init__(self, log):
        self.log = log
        self.fault = None
        self.requests = []  # path and body of each
        self._entries = {}  # by body
        self._server = None
        self._port = 0
        self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._port}"

    def start(self):
        self._server = _Server(("127.0.0.1", self._port), _handler(self))
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server.drop_all()
            self._server = None

    def keep(self, document):
        """Adds an entry of DOCUMENT to the log; returns it."""
        entry = self.log.add(document)
        self._entries[base64.b64decode(entry["canonicalizedBody"])] = entry
        return entry

    def keep_alone(self, _sigstore, signed):
        """A step of a Recipe: the log has the entry, and the signature does not carry it along."""
        self.keep(evidence.body_v1(signed))
        return []

    def retrieve(self, query):
        """The status and the answer to a SearchLogQuery."""
        # rekor-cli sends null for what it does not ask by.
        names = set(query.get("entryUUIDs") or [])
        found = [answer for answer in map(answer_of, self._entries.values()) if names & set(answer)]
        try:
            for proposed in query.get("entries") or []:
                entry = self._entries.get(_canonical_body(proposed))
                found += [answer_of(entry)] if entry else []
        except (InvalidSignature, KeyError, TypeError, ValueError) as error:
            return 400, {"code": 400, "message": f"verifying signature: {error}"}
        return 200, found

    def find(self, uuid):
        _, found = self.retrieve({"entryUUIDs": [uuid]})
        return (200, found[0]) if found else (404, {"code": 404, "message": "entry not found"})


def _handler(server):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def send(self, status, body, media_type="application/json", **headers):
            self.send_response(status)
            for name, value in {"Content-Type": media_type, "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            server.requests.append((self.path, body))
            if self.path != RETRIEVE:
                self.send(404, b"{}")
                return
            status, found = server.retrieve(json.loads(body))
            if server.fault:
                with contextlib.suppress(OSError):
                    server.fault(self, found)
            else:
                self.send(status, json.dumps(found).encode())

        def do_GET(self):
            if self.path.split("?")[0] == f"{_API}/publicKey":
                self.send(200, keys.public_pem(server.log.key), "application/x-pem-file")
            elif self.path.startswith(f"{_API}/entries/"):
                status, found = server.find(self.path.rsplit("/", 1)[1].split("?")[0])
                self.send(status, json.dumps(found).encode())
            else:
                self.send(404, b"{}")

    return Handler


# ---- logs that mean harm --------------------------------------------------------------------------


def _begin(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    handler.close_connection = True


def endless(handler, _found):
    """A list of nothing that never ends."""
    _begin(handler)
    while True:
        handler.wfile.write(b"[" + b" " * 65536)


def drips(handler, _found):
    """One byte a second."""
    _begin(handler)
    while True:
        handler.wfile.write(b"[")
        time.sleep(1)


def silent(handler, _found):
    """Takes the question and never answers."""
    handler.close_connection = True
    time.sleep(60)


def many(handler, found):
    """The same entry ten thousand times."""
    handler.send(200, json.dumps(found * 10_000).encode())


def small_and_many(handler, _found):
    """Ten thousand entries that fit."""
    handler.send(200, json.dumps([{}] * 10_000).encode())


def redirect_to(url):
    """Sends whoever asks to URL."""
    def fault(handler, _found):
        handler.send(307, b"", Location=url)
    return fault


def _under_other_promise(found):
    spoilt = copy.deepcopy(found)
    for entry in spoilt:
        for said in entry.values():
            said["verification"]["signedEntryTimestamp"] = text(keys.sign(keys.p256(), b"another log"))
    return spoilt


def other_promise(handler, found):
    """The right entries under a promise that is none."""
    handler.send(200, json.dumps(_under_other_promise(found)).encode())


def good_among_bad(handler, found):
    """The right entry behind one without parts and one under a promise that is none."""
    handler.send(200, json.dumps([{"0": {}}, *_under_other_promise(found), *found]).encode())


def bad_request_as_page(handler, _found):
    """What a server says that is no log, and one for TLS to whom plain HTTP is spoken."""
    handler.send(400, b"<html>The plain HTTP request was sent to HTTPS port</html>", "text/html")


def answering(entry):
    """Always the same entry, whatever is asked for."""
    def fault(handler, _found):
        handler.send(200, json.dumps([answer_of(entry)]).encode())
    return fault
