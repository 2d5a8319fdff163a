"""TUF repositories made, and judged, by python-tuf: the reference implementation."""
import datetime
import pathlib
import sys
import types as modules
import urllib.parse

from cryptography.hazmat.primitives.asymmetric import types

from .peers import PEERS

# securesystemslib asks for two names that Debian 12's python3-cryptography spells otherwise; without
# them it would take the whole package for absent.
for new, old in (("PrivateKeyTypes", "PRIVATE_KEY_TYPES"), ("PublicKeyTypes", "PUBLIC_KEY_TYPES")):
    if not hasattr(types, new):
        setattr(types, new, getattr(types, old))
sys.path.append(str(PEERS / "usr/lib/python3/dist-packages"))
# The client's own way to a network, which takes a newer urllib3, is not wanted here.
sys.modules["tuf.ngclient.urllib3_fetcher"] = modules.ModuleType("no_network")
sys.modules["tuf.ngclient.urllib3_fetcher"].Urllib3Fetcher = type("NoNetwork", (), {})

from securesystemslib.signer import CryptoSigner  # noqa: E402
from tuf.api import exceptions  # noqa: E402
from tuf.api.metadata import (  # noqa: E402
    DelegatedRole, Delegations, Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp)
from tuf.ngclient import Updater  # noqa: E402
from tuf.ngclient.fetcher import FetcherInterface  # noqa: E402

TARGET = "trusted_root.json"


class Repository:
    """The metadata in memory; change it, then publish()."""

    def __init__(self, target, consistent=True, delegate=False, lengths=True):
        self.target = target
        self.lengths = lengths
        self.signers = {"root": [CryptoSigner.generate_ecdsa(), CryptoSigner.generate_ed25519(), CryptoSigner.generate_ecdsa()],
                        "targets": [CryptoSigner.generate_ed25519(), CryptoSigner.generate_rsa()],
                        "snapshot": [CryptoSigner.generate_rsa(size=2048)], "timestamp": [CryptoSigner.generate_ed25519()],
                        "team": [CryptoSigner.generate_ecdsa()]}
        self.expires = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)).replace(microsecond=0)
        root = Root(expires=self.expires, consistent_snapshot=consistent)
        for role in ("root", "targets", "snapshot", "timestamp"):
            for signer in self.signers[role]:
                root.add_key(signer.public_key, role)
            root.roles[role].threshold = min(2, len(self.signers[role]))
        self.root = root
        self.targets = Targets(expires=self.expires)
        self.team = Targets(expires=self.expires) if delegate else None
        lister = self.targets
        if delegate:
            key = self.signers["team"][0].public_key
            role = DelegatedRole("team", [key.keyid], 1, terminating=True, paths=["trusted_*.json"])
            self.targets.delegations = Delegations({key.keyid: key}, {"team": role})
            lister = self.team
        lister.targets[TARGET] = TargetFile.from_data(TARGET, target, ["sha256", "sha512"])
        self.snapshot = Snapshot(expires=self.expires)
        self.timestamp = Timestamp(expires=self.expires)
        self.files = {}
        self.publish_root()

    def sign(self, content, signers):
        metadata = Metadata(content)
        for signer in signers:
            metadata.sign(signer, append=True)
        return metadata.to_bytes()

    def publish_root(self, signers=None):
        self.files[f"{self.root.version}.root.json"] = self.sign(self.root, signers or self.signers["root"])

    def rotate_root(self, signers=None):
        """A next root in which one key of three is another, signed by all of both or by SIGNERS."""
        old, new = self.signers["root"][0], CryptoSigner.generate_ecdsa()
        self.root.revoke_key(old.public_key.keyid, "root")
        self.root.add_key(new.public_key, "root")
        self.root.version += 1
        self.signers["root"] = [*self.signers["root"][1:], new]
        self.publish_root(signers or [old, *self.signers["root"]])

    def listed(self, content, data):
        return MetaFile.from_data(content.version, data, ["sha256"]) if self.lengths else MetaFile(content.version)

    def named(self, name, version):
        return f"{version}.{name}" if self.root.consistent_snapshot else name

    def publish(self, targets_signers=None):
        """Everything but roots."""
        if self.team is not None:
            data = self.sign(self.team, self.signers["team"])
            self.files[self.named("team.json", self.team.version)] = data
            self.snapshot.meta["team.json"] = self.listed(self.team, data)
        data = self.sign(self.targets, targets_signers or self.signers["targets"])
        self.files[self.named("targets.json", self.targets.version)] = data
        self.snapshot.meta["targets.json"] = self.listed(self.targets, data)
        data = self.sign(self.snapshot, self.signers["snapshot"])
        self.files[self.named("snapshot.json", self.snapshot.version)] = data
        self.timestamp.snapshot_meta = self.listed(self.snapshot, data)
        self.files["timestamp.json"] = self.sign(self.timestamp, self.signers["timestamp"])
        info = (self.team or self.targets).targets[TARGET]
        for path in info.get_prefixed_paths() if self.root.consistent_snapshot else [TARGET]:
            self.files[f"targets/{path}"] = self.target
        return self.files


class _Files(FetcherInterface):
    def __init__(self, files):
        self.files = files

    def _fetch(self, url):
        data = self.files.get(urllib.parse.unquote(url.removeprefix("mirror://")))
        if data is None:
            raise exceptions.DownloadHTTPError("not there", 404)
        yield data


def client_accepts(place, root, files):
    """Whether python-tuf's own client, with the trusted ROOT, gets the target out of FILES."""
    place = pathlib.Path(place)
    for folder in ("metadata", "got"):
        (place / folder).mkdir(parents=True)
    try:
        updater = Updater(str(place / "metadata"), "mirror://", str(place / "got"), "mirror://targets/",
                          fetcher=_Files(files), bootstrap=root)
        updater.refresh()
        info = updater.get_targetinfo(TARGET)
        return info is not None and bool(updater.download_target(info))
    except (exceptions.RepositoryError, exceptions.DownloadError):
        return False
