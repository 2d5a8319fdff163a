"""The architecture as tests: which room may include which, what the pure rooms may call, what a header
needs, and that every Reason is documented and tested."""

import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["SIGWARD_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["SIGWARD_BUILD_DIR"])

# Floor by room; an include may point to its own room or to a lower floor.
FLOORS = {"base": 1, "verifier": 2, "policy": 3, "rpc": 3, "worker": 4, "plugin": 4, "shim": 5, "cli": 5}
# Where the plan is stricter or, for worker/client and worker/sandbox (docs/adr/0002), wider than the floors.
ALLOWED = {
    "policy": {"base", "verifier"},
    "rpc": {"base"},
    "shim": {"base", "rpc"},
    "cli": {"base", "verifier", "policy", "rpc", "plugin"},
    "plugin": {"base", "verifier", "policy", "rpc", "worker/client", "worker/sandbox"},
}
PURE = ("verifier", "policy")
# Files, sockets, processes, clocks, environment: libc's own and OpenSSL's ways to them.
IMPURE = re.compile(
    r"^(open|openat|creat|fopen|freopen|opendir|stat|lstat|access|unlink|rename|mkdir|socket|connect|bind|accept"
    r"|getaddrinfo|gethostbyname|send|sendmsg|recv|recvmsg|fork|vfork|exec\w+|system|popen|getenv|secure_getenv|setenv"
    r"|time|clock|clock_gettime|gettimeofday|localtime\w*|nanosleep|usleep"
    r"|BIO_new_file|BIO_new_fp|BIO_new_socket|BIO_new_connect|BIO_s_file|BIO_s_socket|BIO_s_connect|CONF_\w+|NCONF_\w+"
    r"|X509_STORE_set_default_paths\w*|X509_STORE_load_\w+|X509_LOOKUP_(file|hash_dir)|OSSL_LIB_CTX_load_config"
    r"|OPENSSL_config|CTLOG_STORE_load_\w+|RAND_load_file)(64)?(@.*)?$")
IMPURE_CXX = re.compile(r"std::basic_(i|o)?(f|file)(stream|buf)|std::filesystem|chrono::_V2::\w+_clock::now|std::random_device")
FORBIDDEN_WORDS = re.compile(r"(util|helper|manager|handler|common)", re.I)
MAX_LINES = 400


def sources(*suffixes):
    for room in FLOORS:
        for path in sorted((SOURCE / room).rglob("*")):
            if path.suffix in suffixes:
                yield path


def room_of(path):
    return path.relative_to(SOURCE).parts[0]


def includes(path):
    return re.findall(r'^#include "([^"]+)"', path.read_text(), re.M)


def compile_command(path):
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        if pathlib.Path(entry["file"]) == path:
            words = shlex.split(entry["command"])
            drop = {"-o", "-c"}
            kept, skip = [], False
            for word in words:
                if skip or word == "-c" or word.endswith("ccache"):
                    skip = False
                elif word == "-o":
                    skip = True
                elif word != str(path):
                    kept.append(word)
            return kept
    raise AssertionError(f"{path} is not compiled by any target")


def nearest_command(header):
    """The flags of a source file of the header's own folder."""
    for source in sorted(header.parent.glob("*.cc")):
        try:
            return compile_command(source)
        except AssertionError:
            continue
    raise AssertionError(f"no source file beside {header} is compiled")


def public_headers(room):
    """The headers of a room that other rooms include."""
    return sorted({name for path in sources(".h", ".cc") if room_of(path) != room
                   for name in includes(path) if name.startswith(room + "/")})


class Layers(unittest.TestCase):
    def test_includes_point_down(self):
        wrong = []
        for path in sources(".h", ".cc"):
            room = room_of(path)
            for name in includes(path):
                target = name.split("/")[0]
                if target == room:
                    continue
                allowed = ALLOWED.get(room)
                if allowed is None:
                    fine = target in FLOORS and FLOORS[target] < FLOORS[room]
                else:
                    fine = any(name.startswith(prefix + "/") for prefix in allowed)
                if not fine:
                    wrong.append(f"{path.relative_to(SOURCE)} includes {name}")
        self.assertEqual(wrong, [])

    def test_an_include_upward_does_not_compile(self):
        for lower, upper in (("verifier", "policy/snapshot.h"), ("base", "verifier/digest.h"), ("policy", "rpc/frame.h")):
            source = next(p for p in sources(".cc") if room_of(p) == lower)
            with tempfile.NamedTemporaryFile("w", suffix=".cc") as probe:
                probe.write(f'#include "{upper}"\n')
                probe.flush()
                run = subprocess.run([*compile_command(source), "-fsyntax-only", probe.name], capture_output=True, text=True)
            self.assertNotEqual(run.returncode, 0, f"{lower} can include {upper}")
            self.assertIn("file not found" if "clang" in compile_command(source)[0] else "No such file", run.stderr)

    def test_yaml_is_read_by_the_command_line_and_for_kubelets_own_file(self):
        users = {str(p.parent.relative_to(SOURCE)) for p in sources(".h", ".cc") if "yaml-cpp" in p.read_text()}
        self.assertEqual(users, {"base/yaml"})
        readers = {str(p.parent.relative_to(SOURCE)) for p in sources(".h", ".cc") if "base/yaml/yaml_reader.h" in includes(p)}
        self.assertEqual(readers, {"base/yaml", "cli", "worker/credentials"})

    def test_only_fetch_speaks_http(self):
        users = {str(p.parent.relative_to(SOURCE)) for p in sources(".h", ".cc") if "<curl/" in p.read_text()}
        self.assertEqual(users, {"worker/fetch"})

    def test_only_verifier_touches_openssl(self):
        users = {room_of(p) for p in sources(".h", ".cc") if "<openssl/" in p.read_text()}
        self.assertEqual(users, {"verifier"})


class Purity(unittest.TestCase):
    def test_pure_rooms_import_no_io_and_no_clock(self):
        for room in PURE:
            library = BUILD / room / f"lib{room}.a"
            mangled = subprocess.run(["nm", "-u", library], capture_output=True, text=True, check=True).stdout
            names = {line.split()[-1] for line in mangled.splitlines() if line.strip().startswith("U ")}
            self.assertGreater(len(names), 20, "nm saw nothing")
            self.assertEqual(sorted(n for n in names if IMPURE.match(n)), [], room)
            readable = subprocess.run(["c++filt"], input="\n".join(names), capture_output=True, text=True, check=True).stdout
            self.assertEqual(sorted(n for n in readable.splitlines() if IMPURE_CXX.search(n)), [], room)

    def test_the_check_itself_sees_impure_symbols(self):
        for name in ("open64", "clock_gettime@GLIBC_2.17", "getenv", "BIO_new_file", "fopen"):
            self.assertRegex(name, IMPURE)
        for name in ("EVP_DigestVerify", "memcpy", "opener", "timespec_get_x"):
            self.assertNotRegex(name, IMPURE)

    def test_witnesses_cannot_be_made_elsewhere(self):
        """Every witness keeps its constructor to itself; a probe that calls it does not compile."""
        probes = {
            "sigward::verifier::SignedBytes x{sigward::base::ByteView{}};": "verifier/public_key.h",
            "sigward::verifier::VerifiedSignature* p = new sigward::verifier::VerifiedSignature();": "verifier/verify_image.h",
            "sigward::verifier::VerifiedChain* p = new sigward::verifier::VerifiedChain();": "verifier/certificate/chain.h",
            "sigward::verifier::VerifiedScts x{std::size_t{1}};": "verifier/certificate/sct.h",
            "sigward::verifier::tuf::VerifiedTarget x{std::string(), std::string()};": "verifier/tuf/update.h",
            "sigward::policy::Proof* p = new sigward::policy::Proof();": "policy/evaluate.h",
            "sigward::worker::VerifydAnswer x;": "worker/client/verifyd_client.h",
        }
        flags = compile_command(SOURCE / "plugin/gate/gate.cc")
        for statement, header in probes.items():
            with tempfile.NamedTemporaryFile("w", suffix=".cc") as probe:
                probe.write(f'#include "{header}"\nvoid Probe() {{ {statement} }}\n')
                probe.flush()
                run = subprocess.run([*flags, "-fsyntax-only", probe.name], capture_output=True, text=True)
            self.assertNotEqual(run.returncode, 0, statement)
            self.assertRegex(run.stderr, "private|no matching", statement)


class Headers(unittest.TestCase):
    def test_each_header_compiles_alone(self):
        def check(header):
            name = str(header.relative_to(SOURCE))
            with tempfile.NamedTemporaryFile("w", suffix=".cc") as probe:
                probe.write(f'#include "{name}"\n#include "{name}"\n')
                probe.flush()
                run = subprocess.run([*nearest_command(header), "-fsyntax-only", probe.name], capture_output=True, text=True)
            return f"{name}:\n{run.stderr}" if run.returncode else None

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            wrong = [r for r in pool.map(check, sources(".h")) if r]
        self.assertEqual(wrong, [])

    def test_pure_rooms_show_no_library_types(self):
        for room in PURE:
            headers = public_headers(room)
            self.assertGreater(len(headers), 1)
            with tempfile.NamedTemporaryFile("w", suffix=".cc") as probe:
                probe.write("".join(f'#include "{name}"\n' for name in headers))
                probe.flush()
                flags = nearest_command(SOURCE / headers[0])
                run = subprocess.run([*flags, "-M", probe.name], capture_output=True, text=True, check=True)
            self.assertNotRegex(run.stdout, r"/(openssl|nlohmann|google|re2)/", room)


class Reasons(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        text = (SOURCE / "base/reason.h").read_text()
        cls.reasons = re.findall(r'X\((k\w+), (\d+), "([a-z-]+)", (\w+)\)', text)

    def test_there_are_reasons(self):
        self.assertGreater(len(self.reasons), 25)
        for column in (0, 1, 2):
            values = [r[column] for r in self.reasons]
            self.assertEqual(len(values), len(set(values)))

    def test_each_reason_is_documented(self):
        rows = dict(re.findall(r"^\| `([a-z-]+)` \| (\w[^|]*) \|", (SOURCE / "docs/reasons.md").read_text(), re.M))
        self.assertEqual(set(rows), {word for _, _, word, _ in self.reasons})
        for _, _, word, verdict in self.reasons:
            self.assertEqual(rows[word].strip(), "undetermined" if verdict == "kCouldNotTell" else "deny", word)

    def test_each_reason_is_tested(self):
        tests = "\n".join(p.read_text() for kind in ("unit", "interop", "e2e")
                          for p in (SOURCE / "tests" / kind).rglob("*") if p.suffix in (".cc", ".py", ".h"))
        missing = [word for name, _, word, _ in self.reasons
                   if not re.search(rf"Reason::{name}\b", tests) and not re.search(rf"""["'/ ]{word}["':]""", tests)]
        self.assertEqual(missing, [])


class House(unittest.TestCase):
    def test_files_stay_short(self):
        long = [f"{p.relative_to(SOURCE)}: {n}" for p in sources(".h", ".cc") if (n := len(p.read_text().splitlines())) > MAX_LINES]
        self.assertEqual(long, [])

    def test_names_say_what_a_thing_is(self):
        files = [str(p.relative_to(SOURCE)) for p in sources(".h", ".cc") if FORBIDDEN_WORDS.search(p.name)]
        types = [f"{p.relative_to(SOURCE)}: {t}" for p in sources(".h", ".cc")
                 for t in re.findall(r"^(?:class|struct|enum class) (\w+)", p.read_text(), re.M) if FORBIDDEN_WORDS.search(t)]
        self.assertEqual(files + types, [])

    def test_every_test_file_is_registered(self):
        missing = []
        for path in (SOURCE / "tests").rglob("*"):
            if path.name.endswith(("_test.cc", "_fuzz.cc")) or (path.name.endswith("_test.py")):
                lists = [p for p in (path.parent / "CMakeLists.txt", path.parent.parent / "CMakeLists.txt") if p.exists()]
                name = path.name.removesuffix("_fuzz.cc") if path.name.endswith("_fuzz.cc") else path.stem
                if not any(re.search(rf"\b{re.escape(name)}\b", l.read_text()) for l in lists):
                    missing.append(str(path.relative_to(SOURCE)))
        self.assertEqual(missing, [])

    def test_coverage_names_every_test_of_the_create_gate(self):
        self.compare_with_tests("docs/coverage.md", ("test_create", "test_create_faults", "test_air_gap"), 30)

    def test_registries_names_every_test_of_what_users_have(self):
        self.compare_with_tests("docs/registries.md", ("test_mirrors", "test_credentials", "test_proxy", "test_load"), 20)

    def test_advisories_names_tests_that_there_are(self):
        """The page names no test that is not there, and every test that is named after an advisory."""
        there = {f"{suite}.{name}" for p in (SOURCE / "tests/unit/verifier").rglob("*_test.cc")
                 for suite, name in re.findall(r"^TEST(?:_[FP])?\((\w+),\s*(\w+)\)", p.read_text(), re.M)}
        named = set(re.findall(r"`(\w+Test\.\w+)`", (SOURCE / "docs/advisories.md").read_text()))
        after_advisories = {t for t in there if re.match(r"AdvisoriesTest\.|\w+\.(Cve|Ghsa)\d", t)}
        self.assertGreater(len(after_advisories), 15)
        self.assertEqual(named - there, set())
        self.assertEqual(after_advisories - named, set())

    def compare_with_tests(self, page, names, at_least):
        """PAGE names every test of these files as `Class.test`, and no other."""
        there = set()
        for name in names:
            text = (SOURCE / f"tests/e2e/{name}.py").read_text()
            for part in re.split(r"^class ", text, flags=re.M)[1:]:
                there |= {f"{part.split('(')[0]}.{test}" for test in re.findall(r"def (test_\w+)", part)}
        named = set(re.findall(r"`([A-Z]\w+\.test_\w+)`", (SOURCE / page).read_text()))
        self.assertGreater(len(there), at_least)
        self.assertEqual(named, there)

    def test_switches_that_weaken_are_types(self):
        """Plain HTTP and skipped TLS checks are asked for in one place each."""
        users = [str(p.relative_to(SOURCE)) for p in sources(".cc", ".h") if re.search(r"CURLOPT_SSL_VERIFY(PEER|HOST)", p.read_text())]
        self.assertLessEqual(len(users), 1, users)


if __name__ == "__main__":
    unittest.main()
