"""What keeps a registry to itself: users with passwords, a token server, and where a node has its
credentials from: docker's config.json, helper programs and credential providers."""
import base64
import json
import time

from .nginx import Nginx
from .process import free_port, run

USER = "sigward:let me in"
SERVICE, ISSUER = "bed-registry", "bed-token-server"
_HOUR = 3600


def htpasswd(path, user=USER):
    """Writes a file of users as Apache, nginx and docker-registry read it."""
    name, _, password = user.partition(":")
    hashed = run("perl", "-e", "print crypt($ARGV[0], $ARGV[1])", password, "$2b$05$" + "abcdefghijklmnopqrstuu").stdout
    path.write_text(f"{name}:{hashed}\n")
    return path


def basic_auth(users):
    """How docker-registry wants to be asked: by users of that file."""
    return {"htpasswd": {"realm": "bed", "path": str(users)}}


def docker_config(path, users=None, **more):
    """Writes docker's config.json; USERS is "name:password" by host."""
    path.write_text(json.dumps({"auths": {}, **more}))
    path.chmod(0o600)
    for host, user in (users or {}).items():
        add_user(path, host, user)
    return path


def add_user(path, host, user):
    """Adds one to docker's config.json."""
    config = json.loads(path.read_text())
    config["auths"][host] = {"auth": base64.b64encode(user.encode()).decode()}
    path.write_text(json.dumps(config))


def credential_helper(folder, name, users):
    """A program docker-credential-NAME that knows USERS, "name:password" by host."""
    known = {host: dict(zip(("Username", "Secret"), user.split(":", 1)), ServerURL=host) for host, user in users.items()}
    return _program(folder / f"docker-credential-{name}", f"""
import json, sys
known = {known!r}
if sys.argv[1:] != ["get"]:
    sys.exit(2)
found = known.get(sys.stdin.read().strip())
print(json.dumps(found) if found else "credentials not found in native keychain")
sys.exit(0 if found else 1)
""")


def credential_provider(folder, name, users, count):
    """A kubelet credential provider (credentialprovider.kubelet.k8s.io/v1) that knows USERS, and adds a
    byte to the file COUNT each time that it is asked."""
    known = {host: dict(zip(("username", "password"), user.split(":", 1))) for host, user in users.items()}
    return _program(folder / name, f"""
import json, sys
request = json.load(sys.stdin)
api = "credentialprovider.kubelet.k8s.io/v1"
if (request["apiVersion"], request["kind"]) != (api, "CredentialProviderRequest") or sys.argv[1:] != ["--bed"]:
    sys.exit("not asked as kubelet asks")
with open({str(count)!r}, "a") as counted:
    counted.write(".")
print(json.dumps({{"apiVersion": api, "kind": "CredentialProviderResponse", "cacheKeyType": "Registry",
                  "cacheDuration": "10m", "auth": {known!r}}}))
""")


def provider_config(path, name, hosts):
    """Writes kubelet's CredentialProviderConfig with one provider for HOSTS."""
    path.write_text(json.dumps({
        "apiVersion": "kubelet.config.k8s.io/v1", "kind": "CredentialProviderConfig",
        "providers": [{"name": name, "matchImages": hosts, "defaultCacheDuration": "10m",
                       "apiVersion": "credentialprovider.kubelet.k8s.io/v1", "args": ["--bed"]}]}))
    return path


def _program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/usr/bin/python3 -I{text}")
    path.chmod(0o755)
    return path


class TokenServer:
    """nginx that gives a token for REPOSITORIES to whoever is in USERS (a file)."""

    def __init__(self, folder, authority, users, repositories):
        certificate, key = authority.issue("token-server")
        folder.mkdir(parents=True)
        self._signer, self._key = folder / "signer.pem", folder / "signer.key"
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=signer",
            "-keyout", self._key, "-out", self._signer)
        (folder / "token.json").write_text(json.dumps({"token": self._token(repositories), "expires_in": _HOUR}))
        host = f"127.0.0.1:{free_port()}"
        self._server = Nginx(folder / "nginx", host, f"""
listen {host} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};
location = /token {{
  auth_basic "tokens"; auth_basic_user_file {users}; default_type application/json; alias {folder}/token.json;
}}""")
        self.host = host
        self.requests, self.stop = self._server.requests, self._server.stop

    def auth(self):
        """How docker-registry wants to be asked: with a token from here."""
        return {"token": {"realm": f"https://{self.host}/token", "service": SERVICE, "issuer": ISSUER,
                          "rootcertbundle": str(self._signer)}}

    def _token(self, repositories):
        """A JSON web token as distribution's specification wants it."""
        der = run("openssl", "x509", "-in", self._signer, "-outform", "PEM").stdout
        chain = ["".join(der.split("-----")[2].split())]
        now = int(time.time())
        claims = {"iss": ISSUER, "sub": "sigward", "aud": SERVICE, "iat": now, "nbf": now - 60, "exp": now + _HOUR,
                  "jti": "bed", "access": [{"type": "repository", "name": name, "actions": ["pull"]}
                                           for name in repositories]}
        said = b".".join(_base64url(json.dumps(part).encode())
                         for part in ({"typ": "JWT", "alg": "RS256", "x5c": chain}, claims))
        message, signature = self._key.with_name("message"), self._key.with_name("signature")
        message.write_bytes(said)
        run("openssl", "dgst", "-sha256", "-sign", self._key, "-out", signature, message)
        return (said + b"." + _base64url(signature.read_bytes())).decode()


def _base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")
