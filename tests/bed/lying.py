"""A registry that lies: real images and signatures behind faults that are switched on by name.

Faults touch only requests for evidence (signatures and referrers), so that containerd still resolves
the image and asks its verifier. FAULTS lists them with what each does.
"""
import collections
import contextlib
import http.server
import json
import re
import socket
import ssl
import threading
import time
import typing

from . import images
from .floods import FLOODS
from .registry import hosts_toml

STATUS_FAULTS = {"unauthorized": 401, "forbidden": 403, "not-found": 404, "rate-limited": 429,
                 "server-error": 500}
FAULTS = {
    **{name: f"every request for evidence is answered {status}" for name, status in STATUS_FAULTS.items()},
    "hang-up": "closes the connection without an answer",
    "silent": "takes the request and never answers",
    "blob-endless": "a blob without a length that never ends",
    "blob-drips": "a blob at one byte a second",
    "blob-longer": "a blob with more bytes than its descriptor says",
    "blob-longer-chunked": "the same without a Content-Length",
    "blob-shorter": "a blob that ends before its Content-Length",
    "blob-swapped": "a blob of the right size and other content",
    "blob-missing": "404 for every blob of evidence",
    "manifest-missing": "404 for every manifest of evidence that is asked for by digest",
    "manifest-endless": "a manifest without a length that never ends",
    "manifest-drips": "a manifest at one byte a second",
    "manifest-swapped": "a manifest by digest that hashes to something else",
    "manifest-web-page": "200 with a page of HTML in place of a manifest or list",
    "redirect-loop": "every request for evidence is sent to itself",
    "redirect": "every request for evidence is sent to the repository's `elsewhere`",
    "token-realm": "every request for evidence is answered 401, with a token server at `elsewhere`",
    "password-then-redirect": "every request for evidence is answered 401, and with a password like `redirect`",
    "unavailable": "every request for evidence is answered 503, to be asked again in an hour",
    "late": "every request for evidence is answered LATE seconds later, and right",
    "pages-endless": "a list of referrers whose pages go on for ever",
    "pages-circle": "a list of referrers whose next page is itself",
    "pages-elsewhere": "a list of referrers whose next page is at the repository's `elsewhere`",
    "referrers-mislabelled": "a list of referrers that is called text",
    "manifest-mislabelled": "manifests of evidence that are called text",
    **{name: flood.__doc__ for name, flood in FLOODS.items()},
}
LATE = 0.25
_FLOOD = b"\0" * 65536
# What the kernel keeps of an answer that nobody reads, so that what was sent is about what was read.
_SEND_BUFFER = 64 << 10
_PAGE = b"<!doctype html><title>sign in</title>"


class Repository:
    """Manifests and blobs of one repository; what belongs to evidence is where the faults strike."""

    def __init__(self):
        self.manifests = {}
        self.tags = {}
        self.blobs = {}
        self.evidence = set()
        self.referrers = collections.defaultdict(list)
        #: What a tag means from its second answer on.
        self.moves_to = {}
        self.faults = set()
        #: The start of a URL, for faults that lead to another host.
        self.elsewhere = ""

    def strike(self, *faults):
        """Switches these faults on, and all others off."""
        unknown = set(faults) - FAULTS.keys()
        if unknown:
            raise ValueError(f"no such fault: {unknown}")
        self.faults = set(faults)

    def add_image(self, tag, image):
        self.manifests.update(image.manifests)
        self.blobs.update(image.blobs)
        self.tags[tag] = image.top
        return image.top

    def add_evidence(self, tag, image):
        """A signature image behind TAG."""
        self.evidence.update({tag, image.top, *image.blobs})
        self.add_image(tag, image)

    def add_referrer(self, subject, document, blobs):
        """A manifest that the referrers API lists for SUBJECT."""
        image = images.Image(blobs=dict(blobs))
        listed = image.add_manifest(document, images.OCI_MANIFEST)
        self.manifests.update(image.manifests)
        self.blobs.update(blobs)
        self.evidence.update({listed["digest"], *blobs})
        self.referrers[subject].append({**listed, "artifactType": document.get("artifactType", "")})


class Request(typing.NamedTuple):
    method: str
    path: str
    headers: dict

    @property
    def by_sigward(self):
        return self.headers.get("User-Agent", "").startswith("sigward/")


class _Counting:
    """A handler's wfile that counts what goes through it."""

    def __init__(self, stream, exchange):
        self._stream, self._exchange = stream, exchange

    def write(self, data):
        written = self._stream.write(data)
        if getattr(self._exchange, "headers", None) and "sigward/" in self._exchange.headers.get("User-Agent", ""):
            with self._exchange.server.lock:
                self._exchange.server.bytes_sent += len(data)
        return written

    def __getattr__(self, name):
        return getattr(self._stream, name)


class _Exchange(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        super().setup()
        self.wfile = _Counting(self.wfile, self)

    def end_headers(self):
        if not self.server.keeps_alive:
            self.send_header("Connection", "close")
        super().end_headers()

    def do_GET(self):
        self._answer(body=True)

    def do_HEAD(self):
        self._answer(body=False)

    def log_message(self, *_):
        pass

    def _answer(self, body):
        self.server.requests.append(Request(self.command, self.path, dict(self.headers)))
        if self.path == "/v2/":
            return self._send(200, b"{}", "application/json", body)
        found = re.fullmatch(r"/v2/(.+)/(manifests|blobs|referrers)/([^/?]+)(?:\?.*)?", self.path)
        repository = self.server.repositories.get(found[1]) if found else None
        if repository is None:
            return self._send(404, _error("NAME_UNKNOWN"), "application/json", body)
        kind, reference = found[2], found[3]
        if kind == "referrers" or self._is_evidence(repository, reference):
            for fault in repository.faults:
                if self._fault(fault, repository, kind, reference):
                    return None
        return self._honest(repository, kind, reference, body)

    @staticmethod
    def _is_evidence(repository, reference):
        return reference in repository.evidence or re.fullmatch(r"sha256-[0-9a-f]{64}(\.sig)?", reference)

    def _honest(self, repository, kind, reference, body):
        if kind == "referrers":
            return self._send(200, _list(repository, reference), images.OCI_INDEX, body)
        if kind == "manifests":
            found = repository.manifests.get(repository.tags.get(reference, reference))
            if reference in repository.moves_to:
                repository.tags[reference] = repository.moves_to.pop(reference)
            if found:
                return self._send(200, found[1], found[0], body)
            return self._send(404, _error("MANIFEST_UNKNOWN"), "application/json", body)
        if reference in repository.blobs:
            return self._send(200, repository.blobs[reference], "application/octet-stream", body)
        return self._send(404, _error("BLOB_UNKNOWN"), "application/json", body)

    def _fault(self, fault, repository, kind, reference):
        """Answers by the fault where it strikes; false leaves the request to the next one."""
        if fault in STATUS_FAULTS:
            self._send(STATUS_FAULTS[fault], _error("DENIED"), "application/json", True)
            return True
        if fault == "late":
            time.sleep(LATE)
            return False
        if fault in ("hang-up", "silent"):
            if fault == "silent":
                self.until_closed(lambda: time.sleep(0.2))
            self.close_connection = True
            return True
        if fault == "redirect-loop":
            return self._send(307, b"", "text/plain", True, Location=self.path)
        if fault == "token-realm":
            return self._challenge(f'Bearer realm="{repository.elsewhere}/token",service="lying"')
        if fault == "password-then-redirect" and "Authorization" not in self.headers:
            return self._challenge('Basic realm="lying"')
        if fault in ("redirect", "password-then-redirect"):
            return self._send(307, b"", "text/plain", True, Location=repository.elsewhere + self.path)
        if fault == "unavailable":
            return self._send(503, _error("UNAVAILABLE"), "application/json", True, **{"Retry-After": "3600"})
        if fault in FLOODS:
            return FLOODS[fault](self, self._bytes(repository, kind, reference))
        part, _, what = fault.partition("-")
        if part == "pages":
            return kind == "referrers" and self._page(what, repository, reference)
        if what == "mislabelled":
            return self._mislabel(part, self._bytes(repository, kind, reference), kind)
        if (part == "blob") != (kind == "blobs"):
            return False
        return self._bend(what, self._bytes(repository, kind, reference), kind, reference)

    def _challenge(self, text):
        return self._send(401, _error("UNAUTHORIZED"), "application/json", True, **{"WWW-Authenticate": text})

    def _page(self, what, repository, reference):
        path, _, number = self.path.partition("?page=")
        target = {"endless": f"{path}?page={int(number or 1) + 1}", "circle": self.path,
                  "elsewhere": repository.elsewhere + path}[what]
        return self._send(200, _list(repository, reference), images.OCI_INDEX, True,
                          Link=f'<{target}>; rel="next"')

    def _mislabel(self, part, data, kind):
        strikes = kind == ("referrers" if part == "referrers" else "manifests") and data is not None
        return strikes and self._send(200, data, "text/plain; charset=utf-8", True)

    @staticmethod
    def _bytes(repository, kind, reference):
        if kind == "blobs":
            return repository.blobs.get(reference)
        if kind == "referrers":
            return _list(repository, reference)
        found = repository.manifests.get(repository.tags.get(reference, reference))
        return found[1] if found else None

    def _bend(self, what, data, kind, reference):
        media_type = {"blobs": "application/octet-stream", "manifests": images.OCI_MANIFEST,
                      "referrers": images.OCI_INDEX}[kind]
        by_digest = kind != "referrers" and reference.startswith("sha256:")
        if what == "web-page":
            return self._send(200, _PAGE, "text/html", True)
        if what == "missing" and by_digest:
            return self._send(404, _error("UNKNOWN"), "application/json", True)
        if data is None:
            return False
        if what == "endless":
            self.head(media_type, chunked=True)
            return self.until_closed(lambda: self._chunk(_FLOOD))
        if what == "drips":
            self.head(media_type, len(data))
            drops = iter(data)
            return self.until_closed(lambda: self.drop(next(drops)))
        if what == "longer":
            return self._send(200, data + b" " * 4096, media_type, True)
        if what == "longer-chunked":
            self.head(media_type, chunked=True)
            self._chunk(data + b" " * 4096)
            self._chunk(b"")
            return True
        if what == "shorter":
            self.head(media_type, len(data))
            self.wfile.write(data[: len(data) // 2])
            self.close_connection = True
            return True
        if what == "swapped" and by_digest:
            return self._send(200, data[:-1] + b" ", media_type, True)
        return False

    def until_closed(self, act):
        """Acts again and again until the client goes, the answer ends or the test is over."""
        self.close_connection = True
        try:
            while not self.server.closing.is_set():
                act()
        except (OSError, StopIteration):
            pass
        return True

    def drop(self, byte):
        self.wfile.write(bytes([byte]))
        self.wfile.flush()
        self.server.closing.wait(1)

    def _chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def head(self, media_type, length=None, chunked=False):
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def _send(self, status, data, media_type, body, **headers):
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(data)))
        if media_type in (images.OCI_MANIFEST, images.OCI_INDEX):
            self.send_header("Docker-Content-Digest", images.digest(data))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if body and self.command != "HEAD":
            self.wfile.write(data)
        return True


def _list(repository, subject):
    return images.encode({"schemaVersion": 2, "mediaType": images.OCI_INDEX,
                          "manifests": repository.referrers[subject]})


def _error(code):
    return json.dumps({"errors": [{"code": code, "message": "as asked"}]}).encode()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512
    contexts = ()

    def handle_error(self, *_):
        """A client that goes away is what many of these tests are about."""

    def finish_request(self, request, client_address):
        """The handshake belongs to the connection's own thread; each takes the next certificate."""
        if self.contexts:
            with self.lock:
                context = self.contexts[min(self.connections, len(self.contexts) - 1)]
                self.connections += 1
            with context.wrap_socket(request, server_side=True) as wrapped:
                return super().finish_request(wrapped, client_address)
        return super().finish_request(request, client_address)


class _Server6(_Server):
    address_family = socket.AF_INET6


class LyingRegistry:
    """The server, on a port of its own; with AUTHORITIES over TLS. Where there are several, each request
    takes a connection: the first one has a certificate of the first authority, and so on; the last stays."""

    def __init__(self, *authorities, address="127.0.0.1", network=None):
        """ADDRESS is one of NETWORK, a Network, where that is given."""
        with network.inside() if network else contextlib.nullcontext():
            self._server = (_Server6 if ":" in address else _Server)((address, 0), _Exchange)
        self._server.repositories = collections.defaultdict(Repository)
        self._server.requests = []
        self._server.bytes_sent = 0
        self._server.connections = 0
        self._server.lock = threading.Lock()
        self._server.closing = threading.Event()
        self._server.keeps_alive = len(authorities) < 2
        self._server.contexts = [_tls(authority) for authority in authorities]
        self.host = f"{f'[{address}]' if ':' in address else address}:{self._server.server_port}"
        self.url = f"{'https' if authorities else 'http'}://{self.host}"
        self._authorities = authorities
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def repository(self, name):
        return self._server.repositories[name]

    @property
    def requests(self):
        """Every Request so far."""
        return list(self._server.requests)

    @property
    def bytes_sent(self):
        """Bytes of all answers to sigward so far, headers included."""
        return self._server.bytes_sent

    def requests_for(self, name):
        """Every Request about one repository so far."""
        return [r for r in self._server.requests if r.path.startswith(f"/v2/{name}/")]

    def hosts_toml(self, *options):
        ca = [f'ca = "{a.certificate}"' for a in self._authorities[:1]]
        return hosts_toml(self.url, *ca, *options)

    def stop(self):
        self._server.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _tls(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("lying-registry"))
    return context
