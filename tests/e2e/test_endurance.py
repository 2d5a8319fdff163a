"""A thousand pulls leave every process as it was: descriptors, memory, no zombie."""
import concurrent.futures
import unittest

from bed import images, signing
from bed.case import BedCase
from bed.process import wait_until
from bed.sigward import descriptors, memory_kib, threads

QUESTIONS = 950
REAL_PULLS = 50
WARM_UP = 300
MAX_GROWTH_KIB = 1024


class Endurance(BedCase):
    NEEDS = ("lying", "containerd")

    def setUp(self):
        """A good image, and others that are refused for different reasons."""
        self.images = [self.make(f"app{i}", kind)
                       for i, kind in enumerate(["good", "other", None, "blob-swapped", "forbidden"] * 10)]

    def make(self, name, kind):
        image = images.build(name)
        repository = self.lying.repository(name)
        repository.add_image("v1", image)
        if kind:
            said = signing.payload(image.top)
            key = "other" if kind == "other" else "good"
            repository.add_evidence(signing.legacy_tag(image.top), signing.legacy_image(
                [(said, signing.text(self.keys.sign(key, said)))]))
        if kind not in ("good", "other", None):
            repository.strike(kind)
        return f"{self.lying.host}/{name}:v1", image.top, kind == "good"

    def ask(self, number):
        reference, digest, good = self.images[number % len(self.images)]
        return self.sigward.ask(reference, digest).returncode == (0 if good else 1)

    def ask_often(self, count):
        with concurrent.futures.ThreadPoolExecutor(8) as clients:
            return list(clients.map(self.ask, range(count)))

    def measure(self):
        processes = self.sigward.processes()
        # The threads of a burst, and their connections, end when nothing is asked for a while.
        wait_until(lambda: threads(processes["sigward-fetchd"]) == 1, 30, "sigward-fetchd is idle")
        return (processes, {n: descriptors(p) for n, p in processes.items()},
                {n: memory_kib(p) for n, p in processes.items()})

    def test_a_thousand_pulls(self):
        self.ask_often(WARM_UP)
        processes, held, memory = self.measure()

        self.assertTrue(all(self.ask_often(QUESTIONS)))
        for number in range(REAL_PULLS):
            reference, _, good = self.images[number]
            with self.subTest(reference):
                self.assertEqual(self.containerd.pull(reference).returncode == 0, good)

        processes_after, held_after, memory_after = self.measure()
        self.assertEqual(processes_after, processes, "a process died and was started again")
        self.assertEqual(held_after, held)
        self.assertEqual(self.sigward.zombies(), [])
        for name, before in memory.items():
            self.assertLessEqual(memory_after[name] - before, MAX_GROWTH_KIB, f"KiB that {name} grew by")


if __name__ == "__main__":
    unittest.main()
