"""A private containerd 2.1: its own root, state and sockets, with sigward as its image verifier."""
import os

from .peers import peer, program
from .process import Background, run

VERIFIER = "sigward"


class Containerd:
    def __init__(self, folder, hosts_dir, gate_socket):
        self.folder = folder
        self.socket = folder / "containerd.sock"
        self.bin_dir = folder / "image-verifiers"
        self._hosts_dir = hosts_dir
        self._gate_socket = gate_socket
        self.bin_dir.mkdir(parents=True)
        self.verify_with_sigward()
        (folder / "config.toml").write_text(self._config())
        self.start()

    def start(self):
        env = {"PATH": f"{peer('containerd').parent}:{os.environ['PATH']}",
               "SIGWARD_GATE_SOCKET": str(self._gate_socket)}
        self._process = Background(
            [peer("containerd"), "-c", self.folder / "config.toml"], self.folder / "containerd.log",
            env=env, ready=lambda: self.socket.exists() and not self.ctr("version", check=False).returncode)

    def stop(self):
        self._process.stop()

    def verify_with_sigward(self):
        """Puts sigward-image-verifier alone into bin_dir."""
        self._verifier_file().symlink_to(program("sigward-image-verifier"))

    def verify_with_script(self, text):
        """Puts a shell script into bin_dir instead, to change what containerd hands over."""
        path = self._verifier_file()
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def _verifier_file(self):
        path = self.bin_dir / VERIFIER
        path.unlink(missing_ok=True)
        return path

    def ctr(self, *argv, **more):
        return run(peer("ctr"), "-a", self.socket, *argv, **more)

    def pull(self, reference, hosts_dir=None):
        """`ctr images pull`; returns the CompletedProcess, refused or not."""
        return self.ctr("images", "pull", "--hosts-dir", hosts_dir or self._hosts_dir, reference,
                        check=False)

    def holds(self, reference):
        """Whether the image store knows the reference."""
        return reference in self.ctr("images", "ls", "-q").stdout.split()

    def _config(self):
        return f"""version = 3
root = "{self.folder}/root"
state = "{self.folder}/state"
[grpc]
  address = "{self.socket}"
[ttrpc]
  address = "{self.socket}.ttrpc"
[plugins."io.containerd.image-verifier.v1.bindir"]
  bin_dir = "{self.bin_dir}"
  max_verifiers = 10
  per_verifier_timeout = "10s"
[plugins."io.containerd.nri.v1.nri"]
  disable = true
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".registry]
    config_path = "{self._hosts_dir}"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
  disable_apparmor = true
"""
