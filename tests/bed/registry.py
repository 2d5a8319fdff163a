"""docker-registry 2.8.3 as a private process, and the few calls of its API that tests make.

It has no referrers API: a referrer is found through the tag that stands in for it.
"""
import contextlib
import http.client
import json
import re
import ssl
import typing

from . import images
from .peers import peer
from .process import Background, free_port

_LOGGED = re.compile(r'^\S+ - (\S+) \[[^\]]*\] "(\S+) (\S+) HTTP/1\.1" (\d+) \S+ "[^"]*" "([^"]*)"', re.M)
ACCEPTED = ",".join((images.OCI_MANIFEST, images.OCI_INDEX, images.DOCKER_MANIFEST, images.DOCKER_LIST))


def write_hosts(hosts_dir, host, text):
    """Writes certs.d/HOST/hosts.toml."""
    folder = hosts_dir / host
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hosts.toml").write_text(text)


def hosts_toml(url, *options):
    """A hosts.toml that sends everything to URL."""
    return f'server = "{url}"\n' + host_section(url, *options)


def host_section(url, *options):
    """A part of a hosts.toml: one host that is asked before what comes after it."""
    lines = ["", f'[host."{url}"]', '  capabilities = ["pull", "resolve"]', *(f"  {o}" for o in options)]
    return "\n".join(lines) + "\n"


class Logged(typing.NamedTuple):
    """A line of an access log in the format that Apache, nginx and docker-registry share."""
    user: str
    method: str
    path: str
    status: int
    agent: str

    @property
    def by_sigward(self):
        return self.agent.startswith("sigward/")


def requests_in(log):
    return [Logged(user, method, path, int(status), agent)
            for user, method, path, status, agent in _LOGGED.findall(log.read_text(errors="replace"))]


class Client:
    """Speaks to a registry directly, so that tests decide every byte of what lies in it."""

    def __init__(self, host, ca=None):
        self.host = host
        self._ca = ca

    def call(self, method, path, body=None, headers=None):
        if self._ca:
            context = ssl.create_default_context(cafile=str(self._ca))
            connection = http.client.HTTPSConnection(self.host, timeout=10, context=context)
        else:
            connection = http.client.HTTPConnection(self.host, timeout=10)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()

    def put_blob(self, repository, data):
        _, head, _ = self.call("POST", f"/v2/{repository}/blobs/uploads/")
        where = re.sub(r"^https?://[^/]+", "", head["Location"])
        join = "&" if "?" in where else "?"
        status, _, text = self.call("PUT", f"{where}{join}digest={images.digest(data)}", data,
                                    {"Content-Type": "application/octet-stream"})
        assert status == 201, (status, text)

    def put_manifest(self, repository, reference, data, media_type=images.OCI_MANIFEST):
        status, _, text = self.call("PUT", f"/v2/{repository}/manifests/{reference}", data,
                                    {"Content-Type": media_type})
        assert status == 201, (status, text)

    def manifest(self, repository, reference):
        """The manifest's media type and bytes, or None when there is none."""
        status, head, data = self.call("GET", f"/v2/{repository}/manifests/{reference}",
                                       headers={"Accept": ACCEPTED})
        return (head["Content-Type"], data) if status == 200 else None

    def push(self, repository, tag, image):
        """Pushes IMAGE and returns its reference by tag."""
        for data in image.blobs.values():
            self.put_blob(repository, data)
        for name, (media_type, data) in image.manifests.items():
            self.put_manifest(repository, name, data, media_type)
        media_type, data = image.manifests[image.top]
        self.put_manifest(repository, tag, data, media_type)
        return f"{self.host}/{repository}:{tag}"

    def add_referrer(self, repository, subject, document):
        """Pushes a manifest and lists it under the tag that stands in for the referrers API."""
        data = images.encode(document)
        self.put_manifest(repository, images.digest(data), data)
        tag = subject.replace(":", "-")
        found = self.manifest(repository, tag)
        index = json.loads(found[1]) if found else {"schemaVersion": 2, "mediaType": images.OCI_INDEX,
                                                    "manifests": []}
        index["manifests"].append(images.descriptor(data, images.OCI_MANIFEST))
        self.put_manifest(repository, tag, images.encode(index), images.OCI_INDEX)


class Registry(Client):
    """docker-registry over plain HTTP, or over TLS with a certificate of AUTHORITY. DATA is another one's,
    whose content this one serves as well, and AUTH how it wants to be asked."""

    def __init__(self, folder, authority=None, data=None, auth=None):
        super().__init__(f"127.0.0.1:{free_port()}", authority.certificate if authority else None)
        self.data = data or folder / "data"
        folder.mkdir(parents=True)
        listen = {"addr": self.host}
        self.url = f"{'https' if authority else 'http'}://{self.host}"
        if authority:
            certificate, key = authority.issue("registry")
            listen["tls"] = {"certificate": str(certificate), "key": str(key)}
        self._config = folder / "registry.yml"
        self._config.write_text(json.dumps({
            "version": 0.1, "log": {"level": "warn"}, "http": listen,
            **({"auth": auth} if auth else {}),
            "storage": {"filesystem": {"rootdirectory": str(self.data)}, "delete": {"enabled": True}}}))
        self._log = folder / "registry.log"
        self.start()

    def start(self):
        self._process = Background([peer("docker-registry"), "serve", self._config], self._log,
                                   ready=self._answers)

    def stop(self):
        self._process.stop()

    def requests(self):
        """Every request so far, as the registry logged it."""
        return requests_in(self._log)

    def hosts_toml(self):
        return hosts_toml(self.url, *([f'ca = "{self._ca}"'] if self._ca else []))

    def _answers(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.call("GET", "/v2/")[0] in (200, 401)
        return False
