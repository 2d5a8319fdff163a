"""containerd's store of container records, to change one as no client does."""
import importlib
import sys

from .peers import proto
from .process import run


class Containers:
    def __init__(self, containerd):
        folder = containerd.folder / "records"
        folder.mkdir()
        source = proto("containerd/api/services/containers/v1/containers.proto").read_text()
        (folder / "ctd_containers.proto").write_text(source)
        run(sys.executable, "-m", "grpc_tools.protoc", f"-I{folder}", f"--python_out={folder}",
            f"--grpc_python_out={folder}", folder / "ctd_containers.proto")
        sys.path.insert(0, str(folder))
        import grpc
        self._messages = importlib.import_module("ctd_containers_pb2")
        stubs = importlib.import_module("ctd_containers_pb2_grpc")
        sys.path.remove(str(folder))
        self._channel = grpc.insecure_channel(f"unix://{containerd.socket}")
        self._stub = stubs.ContainersStub(self._channel)

    def update(self, namespace, container, **fields):
        """Changes fields of a record: image="…", snapshot_key="…"."""
        from google.protobuf.field_mask_pb2 import FieldMask
        mask = FieldMask(paths=[name.replace("_", "") for name in fields])
        self._stub.Update(self._messages.UpdateContainerRequest(
            container=self._messages.Container(id=container, **fields), update_mask=mask),
            metadata=[("containerd-namespace", namespace)], timeout=10)

    def close(self):
        self._channel.close()
