"""The CRI calls that these tests make, over gRPC, with stubs made from the peer's own api.proto."""
import importlib
import itertools
import re
import sys

from .peers import proto
from .process import run, wait_until

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
        self.messages = importlib.import_module("cri_api_pb2")
        stubs = importlib.import_module("cri_api_pb2_grpc")
        self._channel = grpc.insecure_channel(f"unix://{containerd.socket}")
        self.images = stubs.ImageServiceStub(self._channel)
        self.runtime = stubs.RuntimeServiceStub(self._channel)
        self._refusal = grpc.RpcError
        self._logs = containerd.folder / "pods"
        self._count = itertools.count()
        sys.path.remove(str(folder))

    def pull(self, reference, user=None):
        """PullImage, as USER ("name:password"); returns None when it was pulled, otherwise the error's
        text."""
        request = self.messages.PullImageRequest(image=self.messages.ImageSpec(image=reference))
        if user:
            request.auth.username, _, request.auth.password = user.partition(":")
        try:
            self.images.PullImage(request, timeout=60)
        except self._refusal as error:
            return error.details()
        return None

    def pod(self, namespace="default", **annotations):
        """RunPodSandbox on the host's network; returns the Pod, or the error's text."""
        name = f"pod{next(self._count)}"
        config = self.messages.PodSandboxConfig(
            metadata=self.messages.PodSandboxMetadata(name=name, uid=f"uid-{name}", namespace=namespace),
            log_directory=str(self._logs), annotations=annotations)
        config.linux.security_context.namespace_options.network = self.messages.NODE
        try:
            started = self.runtime.RunPodSandbox(self.messages.RunPodSandboxRequest(config=config),
                                                 timeout=60)
        except self._refusal as error:
            return error.details()
        return Pod(self, started.pod_sandbox_id, config)

    def wait(self):
        """Waits until containerd, which was started again, answers."""
        def answers():
            try:
                return self.runtime.Version(self.messages.VersionRequest(), timeout=5)
            except self._refusal:
                return None
        wait_until(answers, 20, "CRI answers")

    def refusal(self, call, request):
        """Makes a call of the runtime service; returns (answer, None) or (None, the error's text)."""
        try:
            return getattr(self.runtime, call)(request, timeout=60), None
        except self._refusal as error:
            return None, error.details()

    def close(self):
        self._channel.close()


class Pod:
    def __init__(self, cri, pod_id, config):
        self._cri, self.id, self.config = cri, pod_id, config
        self._count = itertools.count()

    def start(self, reference, said=None, annotations=None, mounts=(), command=("/bin/sleep", "3600")):
        """CreateContainer and StartContainer; returns (container id, None) or (None, the error's text).
        SAID is the image as the user wrote it."""
        messages = self._cri.messages
        name = f"c{next(self._count)}"
        config = messages.ContainerConfig(
            metadata=messages.ContainerMetadata(name=name), command=list(command),
            image=messages.ImageSpec(image=reference, user_specified_image=said or reference),
            annotations=annotations or {}, log_path=f"{name}.log",
            mounts=[messages.Mount(**mount) for mount in mounts])
        made, refused = self._cri.refusal("CreateContainer", messages.CreateContainerRequest(
            pod_sandbox_id=self.id, config=config, sandbox_config=self.config))
        if refused:
            return None, refused
        _, refused = self._cri.refusal("StartContainer", messages.StartContainerRequest(
            container_id=made.container_id))
        return (None, refused) if refused else (made.container_id, None)

    def remove(self):
        messages = self._cri.messages
        self._cri.refusal("StopPodSandbox", messages.StopPodSandboxRequest(pod_sandbox_id=self.id))
        self._cri.refusal("RemovePodSandbox", messages.RemovePodSandboxRequest(pod_sandbox_id=self.id))
