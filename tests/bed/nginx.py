"""nginx as a private process: in front of a registry as a mirror, or as a token server."""
import contextlib
import socket

from .peers import peer
from .process import Background
from .registry import requests_in


class Nginx:
    def __init__(self, folder, address, *servers):
        """SERVERS are the insides of `server { }`; the first one listens on ADDRESS ("127.0.0.1:8080")."""
        folder.mkdir(parents=True)
        self.host = address
        self._log = folder / "access.log"
        text = "\n".join(f"server {{\n{server}\n}}" for server in servers)
        config = folder / "nginx.conf"
        config.write_text(f"""
daemon off;
user root;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 512; }}
http {{
  access_log {self._log};
  {"".join(f"{kind}_temp_path {folder}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))}
  {text}
}}
""")
        self._process = Background([peer("nginx", "bookworm"), "-p", folder, "-c", config, "-e", folder / "nginx.log"],
                                   folder / "nginx.log", ready=self._answers)

    def requests(self):
        """Every request so far."""
        return requests_in(self._log)

    def stop(self):
        self._process.stop()

    def _answers(self):
        host, _, port = self.host.rpartition(":")
        with contextlib.suppress(OSError), socket.create_connection((host.strip("[]"), int(port)), 5):
            return True
        return False
