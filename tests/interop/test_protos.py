"""The subsets of other people's interfaces in rpc/, compared field by field with their own .proto files."""
import pathlib
import tempfile
import unittest

from google.protobuf import descriptor_pb2

from bed.peers import PEERS, SOURCE
from bed.process import run

GO = PEERS / "usr/share/gocode/src"
CONTAINERD = "github.com/containerd/containerd/api"
# What upstream's files import and no package brings in full: google.rpc.Status, by which ttrpc means
# its own Status too.
STAND_INS = {
    "google/rpc/status.proto": 'syntax = "proto3"; package google.rpc; message Status { int32 code = 1; string message = 2; }',
    "proto/status.proto": 'syntax = "proto3"; package ttrpc; message Status { int32 code = 1; string message = 2; }',
}

# Ours, upstream's, and what is newer than upstream's packaged version: that must still be free there.
TABLE = {
    "nri": (
        ["rpc/nri.proto"],
        ["github.com/containerd/nri/pkg/api/api.proto"],
        {"ConfigureRequest.NRI_version", "ValidateContainerAdjustmentRequest",
         "ValidateContainerAdjustmentResponse", "Event.VALIDATE_CONTAINER_ADJUSTMENT"}),
    "ttrpc": (
        ["rpc/ttrpc.proto"],
        ["github.com/containerd/ttrpc/request.proto"],
        set()),
    "containerd": (
        sorted(str(p.relative_to(SOURCE)) for p in (SOURCE / "rpc/containerd").glob("*.proto")),
        [f"{CONTAINERD}/services/{name}.proto" for name in (
            "containers/v1/containers", "content/v1/content", "events/v1/events", "images/v1/images",
            "introspection/v1/introspection", "namespaces/v1/namespace", "snapshots/v1/snapshots",
            "tasks/v1/tasks")]
        + [f"{CONTAINERD}/types/{name}.proto" for name in ("descriptor", "event", "mount", "task/task")]
        + [f"{CONTAINERD}/events/image.proto"],
        set()),
}


def compiled(root, names):
    """What protoc makes of files under ROOT and of their imports, as {full name: descriptor}."""
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        for name, text in STAND_INS.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text)
        includes = [f"-I{root}", f"-I{place}"]
        # The ttrpc package imports by paths within itself.
        includes += [f"-I{root / pathlib.PurePath(n).parent}" for n in names if "/ttrpc/" in n]
        run("protoc", *includes, "--include_imports", f"--descriptor_set_out={place}/set",
            *[root / n for n in names])
        files = descriptor_pb2.FileDescriptorSet.FromString((place / "set").read_bytes())
    found = {}
    for file in files.file:
        prefix = f"{file.package}." if file.package else ""
        for item in (*file.message_type, *file.enum_type, *file.service):
            found[prefix + item.name] = item
    return found


def by_name(items):
    return {i.name: i for i in items}


class Protos(unittest.TestCase):
    def agree(self, ours, theirs, newer):
        """Everything in OURS (of our own files) is in THEIRS with the same meaning."""
        for name, item in ours.items():
            if name.startswith("google.protobuf."):
                continue
            short = name.rsplit(".", 1)[-1]
            with self.subTest(name):
                if name not in theirs:
                    self.assertIn(short, newer, "upstream has no such name")
                    continue
                self.assertIs(type(item), type(theirs[name]))
                compare = {descriptor_pb2.DescriptorProto: self.message,
                           descriptor_pb2.EnumDescriptorProto: self.enum,
                           descriptor_pb2.ServiceDescriptorProto: self.service}[type(item)]
                compare(short, item, theirs[name], newer)

    def message(self, name, ours, theirs, newer):
        fields = by_name(theirs.field)
        for field in ours.field:
            self.same(f"{name}.{field.name}", field, fields.get(field.name), newer,
                      {f.number for f in theirs.field},
                      lambda f: (f.number, f.type, f.label, f.type_name, f.proto3_optional))
        nested = by_name(theirs.nested_type)
        for inner in ours.nested_type:
            self.assertIn(inner.name, nested)
            self.assertEqual(inner.options.map_entry, nested[inner.name].options.map_entry)
            self.message(f"{name}.{inner.name}", inner, nested[inner.name], newer)
        enums = by_name(theirs.enum_type)
        for inner in ours.enum_type:
            self.assertIn(inner.name, enums)
            self.enum(f"{name}.{inner.name}", inner, enums[inner.name], newer)

    def enum(self, name, ours, theirs, newer):
        # NRI ends its list with a LAST that moves on.
        values = by_name(v for v in theirs.value if v.name != "LAST")
        for value in ours.value:
            self.same(f"{name}.{value.name}", value, values.get(value.name), newer,
                      {v.number for v in values.values()}, lambda v: v.number)

    def service(self, name, ours, theirs, newer):
        methods = by_name(theirs.method)
        for method in ours.method:
            self.same(f"{name}.{method.name}", method, methods.get(method.name), newer, set(),
                      lambda m: (m.input_type, m.output_type, m.client_streaming, m.server_streaming))

    def same(self, name, ours, theirs, newer, taken, meaning):
        if theirs is None:
            self.assertIn(name, newer, "upstream has no such name")
            self.assertNotIn(ours.number, taken, f"{name}: upstream uses the number otherwise")
        else:
            self.assertEqual(meaning(ours), meaning(theirs), name)

    def test_subsets_agree_with_upstream(self):
        for name, (ours, theirs, newer) in TABLE.items():
            missing = [t for t in theirs if not (GO / t).exists()]
            with self.subTest(name):
                if missing:
                    self.skipTest(f"no package brings {missing[0]}")
                self.agree(compiled(SOURCE, ours), compiled(GO, theirs), newer)

    def test_a_difference_is_seen(self):
        """The comparison itself: a bent copy of our file is caught."""
        text = (SOURCE / "rpc/nri.proto").read_text()
        theirs, newer = compiled(GO, TABLE["nri"][1]), TABLE["nri"][2]
        for was, bent in (("string plugin_idx = 2;", "string plugin_idx = 3;"),
                          ("int32 events = 2;", "uint32 events = 2;"),
                          ("repeated Mount mounts = 9;", "Mount mounts = 9;"),
                          ("map<string, string> labels = 5;", "map<string, int32> labels = 5;"),
                          ("string NRI_version = 6;", "string NRI_version = 5;"),
                          ("VALIDATE_CONTAINER_ADJUSTMENT = 14;", "VALIDATE_CONTAINER_ADJUSTMENT = 11;"),
                          ("message Mount {", "message Mount { string none = 77;"),
                          ("CREATE_CONTAINER = 4;", "CREATE_CONTAINER = 3;")):
            self.assertIn(was, text)
            with self.subTest(bent), tempfile.TemporaryDirectory() as place:
                changed = text.replace(was, bent)
                if "NRI_version" in bent:
                    changed = changed.replace("int64 request_timeout = 5;", "")
                (pathlib.Path(place) / "bent.proto").write_text(changed)
                found = compiled(pathlib.Path(place), ["bent.proto"])
                self.assertGreater(len(self.differences(found, theirs, newer)), 0)

    def differences(self, ours, theirs, newer):
        class Probe(Protos):
            def runTest(self):
                self.agree(ours, theirs, newer)

        result = unittest.TestResult()
        Probe().run(result)
        return result.failures


if __name__ == "__main__":
    unittest.main()
