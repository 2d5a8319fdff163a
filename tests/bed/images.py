"""Container images made by hand, in memory: a few hundred bytes each, no network and no base image."""
import dataclasses
import gzip
import hashlib
import io
import json
import tarfile

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def descriptor(data, media_type, **more):
    return {"mediaType": media_type, "digest": digest(data), "size": len(data), **more}


def encode(document):
    return json.dumps(document, separators=(",", ":")).encode()


@dataclasses.dataclass
class Image:
    """Blobs, and manifests with their media types, by digest; the top one is what a tag names."""
    blobs: dict = dataclasses.field(default_factory=dict)
    manifests: dict = dataclasses.field(default_factory=dict)
    top: str = ""
    platforms: dict = dataclasses.field(default_factory=dict)

    def add_blob(self, data, media_type):
        self.blobs[digest(data)] = data
        return descriptor(data, media_type)

    def add_manifest(self, document, media_type):
        data = encode(document)
        self.manifests[digest(data)] = (media_type, data)
        self.top = digest(data)
        return descriptor(data, media_type)


def _layer(text):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        entry = tarfile.TarInfo("marker")
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text))
    return out.getvalue()


def build(marker, platforms=("linux/amd64",), docker=False):
    """An image whose one layer holds MARKER. Several platforms make an index (or a docker list)."""
    image = Image()
    members = []
    for platform in platforms:
        system, architecture = platform.split("/")
        layer = _layer(f"{marker} {platform}\n".encode())
        config = encode({"architecture": architecture, "os": system, "config": {},
                         "rootfs": {"type": "layers", "diff_ids": [digest(layer)]}})
        packed = gzip.compress(layer, mtime=0) if docker else layer
        document = {
            "schemaVersion": 2,
            "mediaType": DOCKER_MANIFEST if docker else OCI_MANIFEST,
            "config": image.add_blob(config, DOCKER_CONFIG if docker else OCI_CONFIG),
            "layers": [image.add_blob(packed, DOCKER_LAYER if docker else OCI_LAYER)],
        }
        member = image.add_manifest(document, document["mediaType"])
        image.platforms[platform] = member["digest"]
        members.append({**member, "platform": {"os": system, "architecture": architecture}})
    if len(members) > 1:
        kind = DOCKER_LIST if docker else OCI_INDEX
        image.add_manifest({"schemaVersion": 2, "mediaType": kind, "manifests": members}, kind)
    return image
