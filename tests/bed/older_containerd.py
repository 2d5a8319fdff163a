"""Private containerds of Debian's older suites. Neither has an image verifier: the bin_dir that they are
given is read by nobody."""
from .containerd import Containerd


class _Older(Containerd):
    """What the configuration's version 2 says of all of them."""

    def _config(self):
        cri = "io.containerd.grpc.v1.cri"
        return f"""version = 2
root = "{self.folder}/root"
state = "{self.folder}/state"
[grpc]
  address = "{self.socket}"
[ttrpc]
  address = "{self.socket}.ttrpc"
{self._nri()}
[plugins."{cri}"]
  sandbox_image = "{self._pause}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."{cri}".containerd]
    snapshotter = "overlayfs"
  [plugins."{cri}".registry]
    config_path = "{self._hosts_dir}"
"""

    def _nri(self):
        return ""


class Containerd16(_Older):
    """Debian 12's: no NRI, no transfer service."""
    SUITE = "bookworm"
    PULL_LOCALLY = ()


class Containerd17(_Older):
    """Debian 13's, as it is delivered: NRI off."""
    SUITE = "trixie"


class Containerd17WithNri(Containerd17):
    def _nri(self):
        return f"""[plugins."io.containerd.nri.v1.nri"]
  disable = false
  socket_path = "{self.nri_socket}"
  plugin_path = "{self.folder}/nri/plugins"
  plugin_config_path = "{self.folder}/nri/conf.d"
"""
