"""tinyproxy as a private process."""
import contextlib
import re
import socket

from .network import OTHER
from .peers import peer
from .process import Background

_PORT = 8888


class Proxy:
    """Lies at an address of NETWORK."""

    def __init__(self, folder, network):
        folder.mkdir(parents=True)
        self.url = f"http://{OTHER}:{_PORT}"
        self._network = network
        self._log = folder / "tinyproxy.log"
        self._config = folder / "tinyproxy.conf"
        self._config.write_text(f"""Port {_PORT}
Listen {OTHER}
Timeout 60
MaxClients 200
LogLevel Connect
""")
        self.start()

    def start(self):
        self._process = Background([*self._network.command, peer("tinyproxy", "bookworm"), "-d", "-c", self._config],
                                   self._log, ready=self._answers)

    def tunnels(self):
        """"host:port" of every CONNECT so far."""
        return re.findall(r"CONNECT (\S+) HTTP", self._process.text())

    def stop(self):
        self._process.stop()

    def _answers(self):
        with self._network.inside(), contextlib.suppress(OSError), socket.create_connection((OTHER, _PORT), 5):
            return True
        return False
