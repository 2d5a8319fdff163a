"""A network of its own, with addresses that are neither loopback nor the machine's."""
import contextlib
import ctypes
import os
import subprocess
import threading

from .process import run, wait_until

# Two for documentation (RFC 5737, RFC 3849), and where clouds keep a machine's own credentials.
OUTSIDE, OTHER, OUTSIDE_6, METADATA = "198.51.100.1", "198.51.100.2", "2001:db8::1", "169.254.169.254"
ADDRESSES = (OUTSIDE, OTHER, OUTSIDE_6, METADATA)
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Network:
    """All addresses lie on its loopback link, and nothing leads out of it."""

    def __init__(self):
        self._holder = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sleep", "infinity"],
                                        stdin=subprocess.DEVNULL)
        self._path = f"/proc/{self._holder.pid}/ns/net"
        wait_until(lambda: os.readlink(self._path) != os.readlink("/proc/self/ns/net"), 20, "the network is there")
        #: Runs a command in it.
        self.command = ("nsenter", f"--net={self._path}")
        run(*self.command, "ip", "link", "set", "lo", "up")
        for address in ADDRESSES:
            run(*self.command, "ip", "address", "add", address, "dev", "lo")

    @contextlib.contextmanager
    def inside(self):
        """Sockets that this thread opens meanwhile belong to the network, for as long as they live."""
        with open(f"/proc/self/task/{threading.get_native_id()}/ns/net") as home, open(self._path) as there:
            _enter(there)
            try:
                yield
            finally:
                _enter(home)

    def close(self):
        self._holder.kill()
        self._holder.wait()


def _enter(namespace):
    if _libc.setns(namespace.fileno(), _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
