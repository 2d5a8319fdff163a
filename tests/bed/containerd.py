"""A private containerd 2.1: its own root, state and sockets, with sigward as its image verifier and
sigward-runtime first in its PATH."""
import contextlib
import hashlib
import os
import pathlib
import re

from .peers import peer, program
from .process import Background, run

VERIFIER = "sigward"


class Containerd:
    SUITE = ""
    PULL_LOCALLY = ("--local",)

    def __init__(self, folder, hosts_dir, gate_socket, pause="pause.example/pause:v1", network=None,
                 environment=None):
        self.folder = folder
        self.socket = folder / "containerd.sock"
        self.state = folder / "state"
        self.nri_socket = folder / "nri.sock"
        self.bin_dir = folder / "image-verifiers"
        self.runtime_dir = folder / "runtime"
        # runc keeps the state of all containers of a namespace in one place of the machine, so that
        # two beds at once must not share one.
        self.namespace = "bed-" + hashlib.sha256(str(folder).encode()).hexdigest()[:12]
        self._hosts_dir = hosts_dir
        self._gate_socket = gate_socket
        self._pause = pause
        self._within = network.command if network else ()
        self._environment = environment or {}
        for part in (self.bin_dir, self.runtime_dir, folder / "nri/plugins", folder / "nri/conf.d"):
            part.mkdir(parents=True)
        self.verify_with_sigward()
        for name in ("runc", "crun"):
            (self.runtime_dir / name).symlink_to(program("sigward-runtime"))
        (folder / "config.toml").write_text(self._config())
        self.start()

    def start(self, wrapped=True):
        """Starts containerd, with sigward-runtime first in its PATH unless told otherwise."""
        first = f"{self.runtime_dir}:" if wrapped else ""
        env = {**self._environment,
               "PATH": f"{first}{self._program('containerd').parent}:{os.environ['PATH']}",
               "SIGWARD_GATE_SOCKET": str(self._gate_socket)}
        self._process = Background(
            [*self._within, self._program("containerd"), "-c", self.folder / "config.toml"], self.folder / "containerd.log",
            env=env, ready=lambda: self.socket.exists() and not self.ctr("version", check=False).returncode)

    @property
    def pid(self):
        return self._process.pid

    def stop(self):
        self._process.stop()

    def restart(self, **how):
        self.stop()
        self.start(**how)

    def end(self):
        """Stops containerd after every container, which would live on without it."""
        with contextlib.suppress(RuntimeError, OSError):
            for namespace in (self.namespace, "k8s.io", "moby"):
                for task in self.tasks(namespace):
                    self.ctr("-n", namespace, "task", "rm", "-f", task, check=False)
        self.stop()
        # A shim that outlived its containerd holds the folder's mounts.
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
                if "containerd-shim" in line and str(self.socket) in line:
                    os.kill(int(pid), 9)
        mounts = re.findall(rf" ({re.escape(str(self.folder))}\S*) ",
                            pathlib.Path("/proc/self/mountinfo").read_text())
        for mount in reversed(mounts):
            run("umount", "-l", mount, check=False)

    def verify_with_sigward(self):
        """Puts sigward-image-verifier alone into bin_dir."""
        self.verify_with(program("sigward-image-verifier"))

    def verify_with(self, path):
        """Puts that program alone into bin_dir."""
        self._verifier_file().symlink_to(path)

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
        return run(self._program("ctr"), "-a", self.socket, *argv,
                   env={"CONTAINERD_NAMESPACE": self.namespace}, **more)

    def pull(self, reference, hosts_dir=None, user=None):
        """`ctr images pull`, as USER ("name:password"); returns the CompletedProcess, refused or not."""
        return self.ctr("images", "pull", "--hosts-dir", hosts_dir or self._hosts_dir,
                        *(["--user", user] if user else []), reference, check=False)

    def pull_locally(self, reference, namespace=None):
        """`ctr images pull --local`, which asks no image verifier."""
        return self.ctr("-n", namespace or self.namespace, "images", "pull", *self.PULL_LOCALLY, "--hosts-dir",
                        self._hosts_dir, reference)

    def run(self, reference, name, *options, command=("/bin/true",)):
        """`ctr run`; returns the CompletedProcess, refused or not."""
        return self.ctr("run", *options, reference, name, *command, check=False)

    def tasks(self, namespace=None):
        return self.ctr("-n", namespace or self.namespace, "task", "ls", "-q").stdout.split()

    def remove(self, name):
        self.ctr("task", "rm", "-f", name, check=False)
        self.ctr("container", "rm", name, check=False)

    def holds(self, reference):
        """Whether the image store knows the reference."""
        return reference in self.ctr("images", "ls", "-q").stdout.split()

    def _program(self, name):
        return peer(name, self.SUITE)

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
  disable = false
  socket_path = "{self.nri_socket}"
  plugin_path = "{self.folder}/nri/plugins"
  plugin_config_path = "{self.folder}/nri/conf.d"
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "{self._pause}"
  [plugins."io.containerd.cri.v1.images".registry]
    config_path = "{self._hosts_dir}"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
  disable_apparmor = true
"""
