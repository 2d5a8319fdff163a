"""An NRI plugin that lets every container pass at once, to compare the create gate's early door with.

noop_plugin.py NRI_SOCKET MODULES: MODULES holds nri_api_pb2 and ttrpc_pb2. Prints "registered" once the
runtime has taken it, and ends when the runtime closes the connection.
"""
import socket
import struct
import sys

FRAME = struct.Struct(">II")  # logical connection, length
CALL = struct.Struct(">IIBB")  # length, stream, type, flags
PLUGIN, RUNTIME = 1, 2
REQUEST, RESPONSE = 1, 2
CREATE_CONTAINER = 1 << 3


class Connection:
    """ttrpc on both logical connections of one NRI socket."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._arrived = {PLUGIN: b"", RUNTIME: b""}

    def send(self, connection, stream, kind, message):
        data = message.SerializeToString()
        call = CALL.pack(len(data), stream, kind, 0) + data
        self._socket.sendall(FRAME.pack(connection, len(call)) + call)

    def calls(self):
        """Yields what arrives: logical connection, stream, type, data."""
        while True:
            connection, size = FRAME.unpack(self._read(FRAME.size))
            arrived = self._arrived[connection] + self._read(size)
            while len(arrived) >= CALL.size:
                length, stream, kind, _ = CALL.unpack_from(arrived)
                if len(arrived) < CALL.size + length:
                    break
                yield connection, stream, kind, arrived[CALL.size:CALL.size + length]
                arrived = arrived[CALL.size + length:]
            self._arrived[connection] = arrived

    def _read(self, size):
        data = b""
        while len(data) < size:
            part = self._socket.recv(size - len(data))
            if not part:
                sys.exit("the runtime has closed the connection")
            data += part
        return data


def main(path, modules):
    sys.path.insert(0, modules)
    import nri_api_pb2 as nri
    import ttrpc_pb2 as ttrpc
    answers = {"Configure": nri.ConfigureResponse(events=CREATE_CONTAINER),
               "Synchronize": nri.SynchronizeResponse(),
               "CreateContainer": nri.CreateContainerResponse()}
    answers = {method: ttrpc.Response(payload=answer.SerializeToString())
               for method, answer in answers.items()}
    connection = Connection(path)
    registration = nri.RegisterPluginRequest(plugin_name="noop", plugin_idx="10")
    connection.send(RUNTIME, 1, REQUEST,
                    ttrpc.Request(service="nri.pkg.api.v1alpha1.Runtime", method="RegisterPlugin",
                                  payload=registration.SerializeToString()))
    for number, stream, kind, data in connection.calls():
        if number != PLUGIN or kind != REQUEST:
            continue
        method = ttrpc.Request.FromString(data).method
        connection.send(PLUGIN, stream, RESPONSE, answers.get(method, ttrpc.Response()))
        if method == "Synchronize":
            print("registered", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
