"""A private certificate authority for registries of these tests."""
from .network import ADDRESSES
from .process import run

NAMES = ",".join(["DNS:localhost", "IP:127.0.0.1", "IP:::1", *(f"IP:{a}" for a in ADDRESSES)])


class Authority:
    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.certificate = folder / "ca.pem"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-days", "2", "-subj", "/CN=private registry CA", "-keyout", folder / "ca.key",
            "-out", self.certificate, "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign")

    def issue(self, name):
        """A certificate for a server at any address of these tests, or for a client; returns the paths of
        certificate and key."""
        request, certificate, key = (self.folder / f"{name}.{e}" for e in ("csr", "pem", "key"))
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={NAMES}\nextendedKeyUsage=serverAuth,clientAuth\n")
        run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        run("openssl", "x509", "-req", "-in", request, "-CA", self.certificate,
            "-CAkey", self.folder / "ca.key", "-days", "2", "-extfile", extensions,
            "-out", certificate)
        return certificate, key
