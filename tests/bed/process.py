"""Runs programs: to their end, or in the background with a log file."""
import os
import pathlib
import signal
import socket
import subprocess
import time


def run(*argv, env=None, check=True, stdin=None, timeout=120, cwd=None):
    """Runs argv and returns the CompletedProcess with text output; check raises with what it said."""
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, errors="replace",
                          timeout=timeout, cwd=cwd, input=stdin, env={**os.environ, **(env or {})})
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(map(str, argv))}: exit {done.returncode}\n"
                           f"{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done


def wait_until(ready, seconds, what, every=0.02):
    """Returns the first true value of ready(), or raises after seconds."""
    end = time.monotonic() + seconds
    while True:
        value = ready()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(every)


def freeze(pid):
    """Stops the process, and waits until all its threads stand still: the signal alone does not."""
    os.kill(pid, signal.SIGSTOP)
    tasks = pathlib.Path(f"/proc/{pid}/task")
    wait_until(lambda: all((task / "stat").read_text().rsplit(") ", 1)[1][0] == "T" for task in tasks.iterdir()),
               20, f"{pid} stands still")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Background:
    """A program in a session of its own, its output in LOG. It dies with the test, however that ends."""

    def __init__(self, argv, log, ready, env=None, seconds=20):
        self.log = pathlib.Path(log)
        with open(self.log, "ab") as out:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *map(str, argv)], stdin=subprocess.DEVNULL,
                stdout=out, stderr=out, env={**os.environ, **(env or {})}, start_new_session=True)
        self.pid = self._process.pid
        try:
            wait_until(lambda: self._still_there() and ready(), seconds, f"{argv[0]} is ready")
        except BaseException:
            self.stop(signal.SIGKILL)
            raise

    def _still_there(self):
        if self._process.poll() is not None:
            raise RuntimeError(f"ended with {self._process.returncode}:\n{self.text()[-2000:]}")
        return True

    def text(self):
        return self.log.read_text(errors="replace")

    def send(self, signal_number):
        self._process.send_signal(signal_number)

    def wait(self, seconds=15):
        return self._process.wait(seconds)

    def stop(self, how=signal.SIGTERM):
        if self._process.poll() is None:
            self._process.send_signal(how)
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
