"""Keys, and image signatures in both formats: made by cosign, or by hand with openssl."""
import base64
import json

from . import images
from .peers import peer
from .process import run

SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
SIGNATURE_ANNOTATION = "dev.cosignproject.cosign/signature"
PAYLOAD_TYPE = "cosign container image signature"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
IN_TOTO = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
SIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1"
NO_SERVICES = {"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json", "caUrls": [],
               "oidcUrls": [], "rekorTlogUrls": [], "tsaUrls": []}
INSECURE = ("--allow-http-registry", "--allow-insecure-registry")


class Keys:
    """Key pairs in one folder: NAME.pem or NAME.key is private, NAME.pub public."""

    def __init__(self, folder):
        folder.mkdir(parents=True)
        self.folder = folder

    def public(self, name):
        return (self.folder / f"{name}.pub").read_text()

    def openssl(self, name, *genpkey):
        """Makes NAME with `openssl genpkey ARGS`."""
        private = self.folder / f"{name}.pem"
        run("openssl", "genpkey", *genpkey, "-out", private)
        run("openssl", "pkey", "-in", private, "-pubout", "-out", self.folder / f"{name}.pub")

    def sign(self, name, data, hash_name="sha256"):
        """The raw signature of an openssl key over DATA; Ed25519 takes no hash (None)."""
        message, out = self.folder / "message", self.folder / "signature"
        message.write_bytes(data)
        private = self.folder / f"{name}.pem"
        if hash_name is None:
            run("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", private, "-in", message, "-out", out)
        else:
            run("openssl", "dgst", f"-{hash_name}", "-sign", private, "-out", out, message)
        return out.read_bytes()


class Cosign:
    """cosign 3.1.1 without network, log and time stamp: what a key holder does in a private place."""

    def __init__(self, keys, ca=None):
        self._keys = keys
        self._config = keys.folder / "signing-config.json"
        self._config.write_text(json.dumps(NO_SERVICES))
        self._env = {"COSIGN_PASSWORD": "", "HOME": str(keys.folder)}
        if ca:
            self._env["SSL_CERT_FILE"] = str(ca)

    def run(self, *argv, env=None, **more):
        return run(peer("cosign"), *argv, env={**self._env, **(env or {})}, **more)

    def generate(self, name):
        self.run("generate-key-pair", "--output-key-prefix", self._keys.folder / name)

    def take(self, name):
        """Takes an openssl key over: NAME.pem becomes NAME.key."""
        public = self._keys.public(name)
        self.run("import-key-pair", "--yes", "--key", self._keys.folder / f"{name}.pem",
                 "--output-key-prefix", self._keys.folder / name)
        assert self._keys.public(name) == public

    def sign_legacy(self, reference, key, *flags, repository=None, env=None):
        """REPOSITORY is where the signature goes, when not beside the image."""
        self.run("sign", "--yes", "--key", self._key(key), *INSECURE, "--tlog-upload=false",
                 "--use-signing-config=false", "--new-bundle-format=false", *flags, reference,
                 env={**self._elsewhere(repository), **(env or {})})

    def sign_bundle(self, reference, key, *flags, repository=None):
        self.run("sign", "--yes", "--key", self._key(key), *INSECURE, "--signing-config", self._config,
                 *flags, reference, env=self._elsewhere(repository))

    def sign_referrer(self, reference, key):
        """A legacy signature that refers to its image (experimental with cosign)."""
        self.sign_legacy(reference, key, "--registry-referrers-mode=oci-1-1",
                         env={"COSIGN_EXPERIMENTAL": "1"})

    @staticmethod
    def _elsewhere(repository):
        return {"COSIGN_REPOSITORY": repository} if repository else {}

    def attach_legacy(self, reference, said, signature, *flags, repository=None):
        """Attaches a signature that is there already; cosign has its prefix of tags for this alone."""
        payload, text_file = self._keys.folder / "payload.json", self._keys.folder / "signature.txt"
        payload.write_bytes(said)
        text_file.write_text(signature)
        self.run("attach", "signature", "--payload", payload, "--signature", text_file, *INSECURE, *flags,
                 reference, env=self._elsewhere(repository))

    def attest(self, reference, key, predicate_type):
        predicate = self._keys.folder / "predicate.json"
        predicate.write_text('{"harmless":true}')
        self.run("attest", "--yes", "--key", self._key(key), *INSECURE, "--signing-config",
                 self._config, "--type", predicate_type, "--predicate", predicate, reference)

    def accepts(self, reference, key):
        """Whether `cosign verify` takes the image as signed."""
        done = self.run("verify", "--key", self._keys.folder / f"{key}.pub", *INSECURE,
                        "--insecure-ignore-tlog", "--private-infrastructure", reference, check=False)
        return done.returncode == 0

    def _key(self, name):
        return self._keys.folder / f"{name}.key"


def payload(image_digest, kind=PAYLOAD_TYPE):
    """A simple-signing payload as cosign writes it."""
    return images.encode({"critical": {"identity": {"docker-reference": ""},
                                       "image": {"docker-manifest-digest": image_digest},
                                       "type": kind}, "optional": None})


def legacy_tag(image_digest):
    return image_digest.replace(":", "-") + ".sig"


def legacy_image(layers):
    """A legacy signature image; LAYERS are pairs of payload bytes and the annotation's text, or all annotations."""
    image = images.Image()
    entries = []
    for data, said in layers:
        annotations = {SIGNATURE_ANNOTATION: said} if isinstance(said, str) else said
        entries.append({**image.add_blob(data, SIMPLE_SIGNING), "annotations": annotations})
    config = image.add_blob(b'{"rootfs":{"type":"layers","diff_ids":[]},"config":{}}',
                            images.OCI_CONFIG)
    image.add_manifest({"schemaVersion": 2, "mediaType": images.OCI_MANIFEST, "config": config,
                        "layers": entries}, images.OCI_MANIFEST)
    return image


def text(signature):
    """Standard base64, as every format wants it."""
    return base64.b64encode(signature).decode()


def statement(image_digest, predicate_type=SIGN_PREDICATE):
    algorithm, value = image_digest.split(":")
    return images.encode({"_type": STATEMENT, "subject": [{"digest": {algorithm: value}}],
                          "predicateType": predicate_type, "predicate": {}})


def pre_authentication(data, payload_type=IN_TOTO):
    """What a DSSE signature signs."""
    return b"DSSEv1 %d %s %d %s" % (len(payload_type), payload_type.encode(), len(data), data)


def bundle_type(version):
    """What a bundle of VERSION called itself when that version was made."""
    return BUNDLE if version == "0.3" else f"application/vnd.dev.sigstore.bundle+json;version={version}"


def log_entry(version, index="1"):
    """As much of an entry of a transparency log as a bundle of VERSION must have."""
    entry = {"logIndex": index, "logId": {"keyId": text(b"log")}, "integratedTime": "1700000000",
             "kindVersion": {"kind": "dsse", "version": "0.0.1"}, "canonicalizedBody": text(b"{}")}
    promise = {"inclusionPromise": {"signedEntryTimestamp": text(b"promise")}}
    proof = {"inclusionProof": {"logIndex": index, "rootHash": text(b"root"), "treeSize": "8", "hashes": [],
                                "checkpoint": {"envelope": "a note"}}}
    return {**entry, **(promise if version == "0.1" else proof)}


def bundle(data, signature, payload_type=IN_TOTO, version="0.3", entries=()):
    """A sigstore bundle by a public key around one DSSE envelope."""
    return images.encode({
        "mediaType": bundle_type(version),
        "verificationMaterial": {"publicKey": {"hint": ""}, "tlogEntries": list(entries)},
        "dsseEnvelope": {"payload": text(data), "payloadType": payload_type,
                         "signatures": [{"sig": text(signature)}]}})


def referrer(subject, data, media_type=BUNDLE):
    """The manifest that ties a bundle's blob to SUBJECT, a descriptor; returns (document, blobs)."""
    image = images.Image()
    document = {"schemaVersion": 2, "mediaType": images.OCI_MANIFEST, "artifactType": media_type,
                "config": image.add_blob(b"{}", images.OCI_EMPTY),
                "layers": [image.add_blob(data, media_type)], "subject": subject}
    return document, image.blobs


def attach_bundle(registry, repository, subject, data, media_type=BUNDLE):
    """Pushes a bundle that refers to SUBJECT, a descriptor."""
    document, blobs = referrer(subject, data, media_type)
    for blob in blobs.values():
        registry.put_blob(repository, blob)
    registry.add_referrer(repository, subject["digest"], document)
