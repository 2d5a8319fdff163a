"""The one CRI call that these tests make, over gRPC, with stubs made from the peer's own api.proto."""
import importlib
import re
import sys

from .peers import proto
from .process import run

# gogoproto is not packaged for Python; its options change Go code only.
_GOGO = r"^(import|option).*gogo.*$|\[\s*(\(gogoproto|debug_redact)[^\]]*\]"


class Cri:
    def __init__(self, containerd):
        folder = containerd.folder / "cri"
        folder.mkdir()
        text = proto("cri-api/pkg/apis/runtime/v1/api.proto").read_text()
        (folder / "cri_api.proto").write_text(re.sub(_GOGO, "", text, flags=re.M))
        run(sys.executable, "-m", "grpc_tools.protoc", f"-I{folder}", f"--python_out={folder}",
            f"--grpc_python_out={folder}", folder / "cri_api.proto")
        sys.path.insert(0, str(folder))
        import grpc
        self._messages = importlib.import_module("cri_api_pb2")
        stubs = importlib.import_module("cri_api_pb2_grpc")
        self._channel = grpc.insecure_channel(f"unix://{containerd.socket}")
        self._images = stubs.ImageServiceStub(self._channel)
        self._refusal = grpc.RpcError
        sys.path.remove(str(folder))

    def pull(self, reference):
        """PullImage; returns None when it was pulled, otherwise the error's text."""
        spec = self._messages.ImageSpec(image=reference)
        try:
            self._images.PullImage(self._messages.PullImageRequest(image=spec), timeout=60)
        except self._refusal as error:
            return error.details()
        return None

    def close(self):
        self._channel.close()
