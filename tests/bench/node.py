"""Two nodes side by side, one registry and its signed images, all in one folder."""
import contextlib
import itertools
import json
import pathlib
import shutil
import sys

from bed import images, policies, signing
from bed.containerd import Containerd
from bed.cri import Cri
from bed.peers import SOURCE, proto
from bed.process import Background, run, wait_until
from bed.registry import Registry, write_hosts
from bed.sigward import Sigward
from bed.signing import Keys

_HERE = pathlib.Path(__file__).resolve().parent


class Node:
    """A containerd with its CRI client and one pod, in which containers are created but not started."""

    def __init__(self, folder, hosts_dir, gate_socket, pause, closing):
        self.containerd = Containerd(folder, hosts_dir, gate_socket, pause=pause)
        closing.callback(self.containerd.end)
        # The doors are measured one by one: containers that CRI only creates never reach the runtime, the
        # pod would.
        self.containerd.restart(wrapped=False)
        self.cri = Cri(self.containerd)
        closing.callback(self.cri.close)
        self._names = itertools.count()

    def start_pod(self):
        self.pod = self.cri.pod()
        if isinstance(self.pod, str):
            raise RuntimeError(self.pod)

    def pull(self, reference):
        refused = self.cri.pull(reference)
        if refused:
            raise RuntimeError(refused)

    def creation(self, reference):
        """A CreateContainerRequest."""
        messages = self.cri.messages
        config = messages.ContainerConfig(
            metadata=messages.ContainerMetadata(name=f"c{next(self._names)}"), command=["/bin/true"],
            image=messages.ImageSpec(image=reference, user_specified_image=reference))
        return messages.CreateContainerRequest(pod_sandbox_id=self.pod.id, config=config,
                                               sandbox_config=self.pod.config)

    def remove(self, *containers):
        pending = [self.cri.runtime.RemoveContainer.future(
            self.cri.messages.RemoveContainerRequest(container_id=one), timeout=120)
            for one in containers]
        for one in pending:
            one.result()


class Bed:
    """What all rows share."""

    def __init__(self, place, closing):
        self.place = place
        self.keys = Keys(place / "keys")
        self.keys.openssl("good", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
        self.registry = Registry(place / "registry")
        closing.callback(self.registry.stop)
        self.hosts_dir = place / "certs.d"
        write_hosts(self.hosts_dir, self.registry.host, self.registry.hosts_toml())
        pause, _ = self.add_image("pause", runs=True)
        self.sigward = Sigward(place / "sigward", self.hosts_dir, place / "guarded")
        self.sigward.compile(policies.policy("require-signed", "**",
                                             policies.key(self.keys.public("good"))))
        closing.callback(self.sigward.stop)
        self.sigward.start()
        self.guarded = Node(place / "guarded", self.hosts_dir, self.sigward.socket, pause, closing)
        # Its pulls are checked too, which is no part of what is measured.
        self.other = Node(place / "other", self.hosts_dir, self.sigward.socket, pause, closing)
        self._start_noop(closing)
        for node in (self.guarded, self.other):
            node.start_pod()
        self.wait_for_nri()

    def add_image(self, name, runs=False):
        """Pushes a signed image; returns its reference and digest."""
        image = images.build(f"bench {name}", runs=runs)
        reference = self.registry.push(name, "v1", image)
        said = signing.payload(image.top)
        signature = signing.text(self.keys.sign("good", said))
        self.registry.push(name, signing.legacy_tag(image.top), signing.legacy_image([(said, signature)]))
        return reference, image.top

    def add_bundle_image(self, name):
        """The same with a sigstore bundle."""
        image = images.build(f"bench {name}")
        reference = self.registry.push(name, "v1", image)
        document, blobs = self.bundle_for(image)
        for blob in blobs.values():
            self.registry.put_blob(name, blob)
        self.registry.add_referrer(name, image.top, document)
        return reference, image.top

    def bundle_for(self, image):
        """A referrer of IMAGE that carries a bundle; returns (document, blobs)."""
        said = signing.statement(image.top)
        bundle = signing.bundle(said, self.keys.sign("good", signing.pre_authentication(said)))
        media_type, data = image.manifests[image.top]
        return signing.referrer(images.descriptor(data, media_type), bundle)

    def wait_for_nri(self):
        wait_until(lambda: self.sigward.status()["nri"]["registered"], 20, "sigward is registered with NRI")

    def descriptor_file(self, digest):
        """A descriptor as containerd gives it to an image verifier on standard input."""
        path = self.place / "descriptor.json"
        path.write_text(json.dumps({"mediaType": images.OCI_MANIFEST, "digest": digest, "size": 1}))
        return path

    def _start_noop(self, closing):
        modules = self.place / "noop"
        modules.mkdir()
        shutil.copy(proto("nri/pkg/api/api.proto"), modules / "nri_api.proto")
        shutil.copy(SOURCE / "rpc/ttrpc.proto", modules / "ttrpc.proto")
        run(sys.executable, "-m", "grpc_tools.protoc", f"-I{modules}", f"--python_out={modules}",
            modules / "nri_api.proto", modules / "ttrpc.proto")
        log = modules / "log"
        noop = Background([sys.executable, "-B", _HERE / "noop_plugin.py",
                           self.other.containerd.nri_socket, modules], log,
                          ready=lambda: "registered" in log.read_text())
        closing.callback(noop.stop)


@contextlib.contextmanager
def busy(processes):
    """Keeps that many processes computing for nothing."""
    spinning = [Background(["sh", "-c", "while :; do :; done"], "/dev/null", ready=lambda: True)
                for _ in range(processes)]
    try:
        yield
    finally:
        for one in spinning:
            one.stop()
