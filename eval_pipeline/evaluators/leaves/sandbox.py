"""Runs a piece of Python in a process of its own that may do next to nothing.

What is protected (Linux on x86_64 and aarch64; elsewhere nothing is run):

- Network: a seccomp filter refuses sockets, and every system call newer than 2018 (io_uring). No namespace is needed.
- Processes: none can be started, and none but itself be signalled, traced or read.
- Resources: CPU time, wall time, memory, size of a file, open files, size and number of files in the folder.
- Secrets: the environment is empty, no file descriptor of the caller is inherited, and as root the code runs as `nobody`.
- Files: the code may read the standard library and system libraries and write into an empty folder that is deleted
  afterwards, and nothing else, where the kernel has Landlock (5.13 or newer). Mode, owner, times and attributes of a
  file cannot be changed, not even of its own.

What is not: without Landlock nothing is run, except as root; then the code, as `nobody`, can read files that everyone
may read and write into folders that everyone may write to (/tmp). Whether a path exists can always be found out. A
fault of the kernel in the system calls that Python needs is not guarded against, nor is what can be
learnt from timing. A process limit (RLIMIT_NPROC) is not used: it counts other processes of the same user.

`why_no_sandbox` tries the doors once per process and says which stands open; then nothing may be run.
Not here: what the code gives up, and in which order (`sandbox_runner.py`).
"""

import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import IO, Literal, NamedTuple

from eval_pipeline.evaluators.leaves import sandbox_runner

Stop = Literal["time", "files"]

OUTPUT_BYTES = 262_144
"""Most that is written to one file, standard output and standard error included."""
OPEN_FILES = 64
FOLDER_BYTES = 16 * 2**20
FOLDER_FILES = 1_000

LIMITS = (OUTPUT_BYTES, OPEN_FILES, FOLDER_BYTES, FOLDER_FILES, tuple(sorted(sandbox_runner.DENIED)))
"""All that a caller does not choose; part of the version of who decides by what ran."""

_LOOK_EVERY_S = 0.05
_FLAGS = ("-P", "-s", "-S", "-B", "-X", "utf8")
_ENVIRONMENT = {"PYTHONHASHSEED": "0"}
"""So that the order of a set does not differ between two runs; the code does not see it."""

_PROBE = """
import os, resource, socket, sys

def tried(door, act):
    try:
        act()
    except (OSError, ValueError):
        return
    print(door)

def fork():
    if os.fork() == 0:
        os._exit(0)

tried("sockets can be opened", socket.socket)
tried("processes can be started", fork)
tried("private files of the user can be read", lambda: open(sys.stdin.read()).close())
tried("the environment of another process can be read", lambda: open(f"/proc/{os.getppid()}/environ").read())
tried("other processes can be signalled", lambda: os.kill(os.getppid(), 0))
tried("the memory limit can be raised", lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1)))
with open("written", "w") as file:
    file.write("x")
tried("modes of files can be changed", lambda: os.chmod("written", 0o600))
tried("files can be cut by their names", lambda: os.truncate("written", 0))
"""


class Ran(NamedTuple):
    """How the code ended: `exit_code` is below 0 for a signal; `stopped_by` names the limit at which it was killed.

    `stdout` and `stderr` are cut at `OUTPUT_BYTES`; the code gets an error when it writes more.
    """

    exit_code: int
    stdout: str
    stderr: str
    stopped_by: Stop | None


class SandboxError(Exception):
    """The sandbox could not be set up; the code was not run."""


def run_python(code: str, stdin: str = "", *, time_s: int, memory_mb: int) -> Ran:
    """Run `code` with at most `time_s` seconds of CPU time, three times that and a second by the clock, and `memory_mb` MiB.

    Ask `why_no_sandbox` first. Safe in threads. Raises `SandboxError` when the process could not be confined.
    """
    source = code.encode("utf-8", "surrogatepass")
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile() as stdout,
        tempfile.TemporaryFile() as stderr,
    ):
        given.write(source + stdin.encode("utf-8", "surrogatepass"))
        given.seek(0)
        if os.geteuid() == 0:
            os.chown(folder, sandbox_runner.NOBODY, sandbox_runner.NOBODY)
        reader, writer = os.pipe()
        with open(reader, "rb") as status:  # noqa: PTH123 a file descriptor, not a path
            task = sandbox_runner.Task(
                len(source), time_s, memory_mb * 2**20, OUTPUT_BYTES, OPEN_FILES, writer, os.getpid()
            )
            process = _started(task, folder, given, stdout, stderr)
            stopped_by = _waited(process, Path(folder), 3 * time_s + 1)
            if status.read() != sandbox_runner.READY:
                raise SandboxError(last_line(_text(stderr)) or f"the process ended with {process.returncode}")
        is_time = stopped_by is None and process.returncode == -signal.SIGXCPU
        return Ran(process.returncode, _text(stdout), _text(stderr), "time" if is_time else stopped_by)


@cache
def why_no_sandbox() -> str | None:
    """Return why no code may be run on this machine, None when it may. Tried once per process."""
    if sys.platform != "linux" or platform.machine() not in sandbox_runner.ARCHITECTURES:
        return f"it needs Linux on x86_64 or aarch64, this is {sys.platform} on {platform.machine()}"
    try:
        with tempfile.NamedTemporaryFile() as private:
            ran = run_python(_PROBE, private.name, time_s=5, memory_mb=256)
    except (SandboxError, OSError) as error:
        return str(error)
    if ran.exit_code != 0 or ran.stopped_by is not None:
        return last_line(ran.stderr) or f"the probe ended with {ran.exit_code}"
    return ", ".join(ran.stdout.splitlines()) or None


def last_line(text: str) -> str:
    """Return the last line of `text` that is not blank, or nothing: of a traceback, what went wrong."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def _started(
    task: sandbox_runner.Task, folder: str, stdin: IO[bytes], stdout: IO[bytes], stderr: IO[bytes]
) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(  # noqa: S603 the interpreter and our own file
            [sys.executable, *_FLAGS, sandbox_runner.__file__, json.dumps(task._asdict())],
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            cwd=folder,
            env=_ENVIRONMENT,
            close_fds=True,
            pass_fds=(task.status_fd,),
            start_new_session=True,
        )
    finally:
        os.close(task.status_fd)


def _waited(process: "subprocess.Popen[bytes]", folder: Path, wall_s: float) -> Stop | None:
    """Wait for the end, or kill the process and its group at a limit and say which."""
    until = time.monotonic() + wall_s
    stopped_by: Stop | None = None
    while process.poll() is None and stopped_by is None:
        try:
            process.wait(_LOOK_EVERY_S)
        except subprocess.TimeoutExpired:
            stopped_by = "time" if time.monotonic() > until else "files" if _is_too_full(folder) else None
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return stopped_by


def _is_too_full(folder: Path) -> bool:
    used = 0
    try:
        with os.scandir(folder) as entries:
            for count, entry in enumerate(entries):
                used += entry.stat(follow_symlinks=False).st_blocks * 512
                if count >= FOLDER_FILES or used > FOLDER_BYTES:
                    return True
    except FileNotFoundError:  # the code deletes while we look
        return False
    except PermissionError:  # the code has locked its folder: nobody may hide how much is in it
        return True
    return False


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(OUTPUT_BYTES).decode("utf-8", "replace")
