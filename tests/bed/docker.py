"""dockerd 28.5 on the bed's private containerd, with the containerd image store and without networks."""
import json
import os

from .peers import PEERS, peer
from .process import Background, run


class Docker:
    def __init__(self, folder, containerd, registry_host):
        folder.mkdir()
        self._folder = folder
        self._socket = folder / "docker.sock"
        config = folder / "daemon.json"
        config.write_text(json.dumps({"features": {"containerd-snapshotter": True},
                                      "insecure-registries": [registry_host]}))
        self._process = Background(
            [PEERS / "usr/sbin/dockerd", "--config-file", config, "--containerd", containerd.socket,
             "--data-root", folder / "data", "--exec-root", folder / "run", "-H",
             f"unix://{self._socket}", "--pidfile", folder / "pid", "--iptables=false",
             "--ip6tables=false", "--bridge=none"],
            folder / "dockerd.log", seconds=40,
            env={"PATH": f"{peer('docker').parent}:{PEERS}/usr/sbin:{os.environ['PATH']}"},
            ready=lambda: not self("version", check=False).returncode)

    def __call__(self, *argv, **more):
        return run(peer("docker"), "-H", f"unix://{self._socket}", *argv,
                   env={"DOCKER_CONFIG": str(self._folder / "client")}, **more)

    def run(self, reference, *options, command=("/bin/true",)):
        """`docker run` to the end; returns the CompletedProcess, refused or not."""
        return self("run", "--rm", "--network", "none", *options, reference, *command, check=False)

    def stop(self):
        for container in self("ps", "-aq", check=False).stdout.split():
            self("rm", "-f", container, check=False)
        self._process.stop()
