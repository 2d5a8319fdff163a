"""Container images made by hand, in memory: a few hundred bytes each, no network and no base image."""
import dataclasses
import gzip
import hashlib
import io
import json
import pathlib
import shutil
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


def _add(tar, path, data, mode=0o644):
    entry = tarfile.TarInfo(path)
    entry.size, entry.mode = len(data), mode
    tar.addfile(entry, io.BytesIO(data))


def _add_busybox(tar):
    for folder in ("bin", "dev", "etc", "proc", "sys", "tmp"):
        entry = tarfile.TarInfo(folder)
        entry.type, entry.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(entry)
    _add(tar, "bin/busybox", pathlib.Path(shutil.which("busybox")).read_bytes(), 0o755)
    for name in ("sh", "sleep", "cat", "echo", "true"):
        entry = tarfile.TarInfo(f"bin/{name}")
        entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
        tar.addfile(entry)


def _layer(text, runs):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        if runs:
            _add_busybox(tar)
        _add(tar, "marker", text)
    return out.getvalue()


def build(marker, platforms=("linux/amd64",), docker=False, runs=False, config=None):
    """An image whose one layer holds MARKER. Several platforms make an index (or a docker list). One
    that RUNS has busybox and sleeps; CONFIG is more of its configuration (two images may differ in
    nothing else)."""
    image = Image()
    members = []
    for platform in platforms:
        system, architecture = platform.split("/")
        layer = _layer(f"{marker} {platform}\n".encode(), runs)
        command = {"Cmd": ["/bin/sleep", "3600"], "Env": ["PATH=/bin"]} if runs else {}
        configuration = encode({"architecture": architecture, "os": system,
                                "config": {**command, **(config or {})},
                                "rootfs": {"type": "layers", "diff_ids": [digest(layer)]}})
        packed = gzip.compress(layer, mtime=0) if docker else layer
        document = {
            "schemaVersion": 2,
            "mediaType": DOCKER_MANIFEST if docker else OCI_MANIFEST,
            "config": image.add_blob(configuration, DOCKER_CONFIG if docker else OCI_CONFIG),
            "layers": [image.add_blob(packed, DOCKER_LAYER if docker else OCI_LAYER)],
        }
        member = image.add_manifest(document, document["mediaType"])
        image.platforms[platform] = member["digest"]
        members.append({**member, "platform": {"os": system, "architecture": architecture}})
    if len(members) > 1:
        kind = DOCKER_LIST if docker else OCI_INDEX
        image.add_manifest({"schemaVersion": 2, "mediaType": kind, "manifests": members}, kind)
    return image


def write_layout(image, folder, name="v1"):
    """Writes IMAGE as an OCI layout in a tar file in FOLDER, as `ctr images import` takes it."""
    media_type, data = image.manifests[image.top]
    index = {"schemaVersion": 2, "manifests": [
        descriptor(data, media_type, annotations={"org.opencontainers.image.ref.name": name})]}
    path = folder / f"{image.top[7:19]}.tar"
    with tarfile.open(path, "w") as tar:
        _add(tar, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        _add(tar, "index.json", encode(index))
        for blob in [*image.blobs.values(), *(d for _, d in image.manifests.values())]:
            _add(tar, f"blobs/sha256/{digest(blob)[7:]}", blob)
    return path
