"""The sandbox, attacked for real: each test runs code that tries to get out, or to use more than its share."""

import ctypes
import os
import platform
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from eval_pipeline.evaluators.leaves import sandbox_runner
from eval_pipeline.evaluators.leaves.sandbox import OUTPUT_BYTES, Ran, last_line, run_python, why_no_sandbox

needs_sandbox = pytest.mark.skipif(why_no_sandbox() is not None, reason=f"no sandbox here: {why_no_sandbox()}")
has_landlock = sys.platform == "linux" and ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) > 0
needs_landlock = pytest.mark.skipif(not has_landlock, reason="this kernel has no Landlock")


@needs_landlock
def test_a_kernel_with_landlock_gives_a_sandbox() -> None:
    assert why_no_sandbox() is None


@needs_landlock
@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        ("_filter_calls()", "sockets can be opened, processes can be started"),
        ("_filter_calls()", "modes of files can be changed, files can be cut by their names"),
        ("_limit(task)", "the memory limit can be raised"),
        ("os.write(task.status_fd, READY)", "the process ended with"),
        ("_prctl(_SET_NO_NEW_PRIVILEGES, 1)", "Operation not permitted"),
    ],
)
def test_the_probe_says_which_door_stands_open(
    left_out: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Path(sandbox_runner.__file__).read_text()
    assert source.count(f"    {left_out}\n") == 1
    weakened = tmp_path / "runner.py"
    weakened.write_text(source.replace(f"    {left_out}\n", ""))
    monkeypatch.setattr(sandbox_runner, "__file__", str(weakened))
    assert said in (why_no_sandbox.__wrapped__() or "")


def ran(code: str, stdin: str = "", time_s: int = 5) -> Ran:
    return run_python(code, stdin, time_s=time_s, memory_mb=256)


def error(code: str) -> str:
    result = ran(code)
    assert (result.exit_code, result.stopped_by) == (1, None), result
    return last_line(result.stderr)


@needs_sandbox
def test_code_runs_with_its_input_and_the_standard_library() -> None:
    code = "import sys, json, decimal, asyncio\nprint(json.dumps(sys.stdin.read()), __name__, sys.argv[1:])"
    assert ran(code, "a\u00e9\n") == Ran(0, '"a\\u00e9\\n" __main__ []\n', "", None)
    assert ran("import sys; sys.exit(3)").exit_code == 3
    assert error("1 / 0") == "ZeroDivisionError: division by zero"
    assert error("x = (").startswith("SyntaxError")
    assert error("import pytest") == "ModuleNotFoundError: No module named 'pytest'"


@needs_sandbox
def test_threads_and_event_loops_work() -> None:
    threads = "import threading\nt = threading.Thread(target=print, args=(1,)); t.start(); t.join()"
    loop = "import asyncio\nasync def main():\n    await asyncio.sleep(0)\n    print(2)\nasyncio.run(main())"
    assert [ran(threads).stdout, ran(loop).stdout] == ["1\n", "2\n"]


@needs_sandbox
def test_the_order_of_a_set_is_the_same_each_time() -> None:
    assert len({ran("print({'a', 'b', 'c', 'd', 'e', 'f'})").stdout for _ in range(3)}) == 1


@needs_sandbox
def test_a_loop_is_stopped_by_its_cpu_time() -> None:
    assert ran("while True: pass", time_s=1).stopped_by == "time"


@needs_sandbox
def test_a_sleeper_is_stopped_by_the_clock_and_is_gone() -> None:
    result = ran("import os, time; print(os.getpid(), flush=True); time.sleep(1000)", time_s=1)
    assert result.stopped_by == "time"
    with pytest.raises(ProcessLookupError):
        os.kill(int(result.stdout), 0)


@needs_sandbox
def test_code_that_ignores_the_signal_is_killed_all_the_same() -> None:
    ignoring = "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass"
    assert ran(ignoring, time_s=1).exit_code == -9


@needs_sandbox
@pytest.mark.parametrize("code", ["x = 'a' * 10**9", "x = []\nwhile True: x.append(bytearray(2**20))"])
def test_a_memory_hog_runs_out_of_memory(code: str) -> None:
    assert error(code) == "MemoryError"


@needs_sandbox
@pytest.mark.parametrize("limit", ["RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_NOFILE"])
def test_limits_cannot_be_raised(limit: str) -> None:
    assert "not allowed to raise" in error(f"import resource as r; r.setrlimit(r.{limit}, (-1, -1))")


@needs_sandbox
@pytest.mark.parametrize(
    "code",
    [
        "import os\nwhile True: os.fork()",
        "import subprocess; subprocess.run(['/bin/true'])",
        "import os; os.system('true') == 0 or os.execv('/bin/true', ['true'])",
        "import os; os.posix_spawn('/bin/true', ['true'], {})",
        "import multiprocessing as m\nm.get_context('fork').Process(target=print).start()",
    ],
)
def test_no_process_can_be_started(code: str) -> None:
    assert error(code).startswith("PermissionError")


@needs_sandbox
def test_a_server_on_this_machine_is_not_reached(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as local:
        local.bind(str(tmp_path / "s"))
        local.listen()
        port = server.getsockname()[1]
        assert error(f"import socket; socket.create_connection(('127.0.0.1', {port}))").startswith("PermissionError")
        at_path = f"import socket; socket.socket(socket.AF_UNIX).connect({str(tmp_path / 's')!r})"
        assert error(at_path).startswith("PermissionError")
        datagram = "import socket; socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)"
        assert error(datagram).startswith("PermissionError")
        for listening in (server, local):
            listening.setblocking(False)
            with pytest.raises(BlockingIOError):
                listening.accept()


@needs_sandbox
def test_the_kernel_calls_behind_python_are_refused_too() -> None:
    column = sandbox_runner.ARCHITECTURES[platform.machine()][0]
    denied = [call[column] for call in sandbox_runner.DENIED.values() if call[column] is not None]
    code = """
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
for number in map(int, sys.stdin.read().split()):
    print(libc.syscall(number, -1, -1, -1, -1, -1, -1), ctypes.get_errno())
"""
    assert ran(code, " ".join(map(str, denied))).stdout == "-1 1\n" * len(denied)
    too_new = (0x40000000 + 41, 425, 434, 435)  # socket by the numbers of x32, io_uring_setup, pidfd_open, clone3
    assert ran(code, " ".join(map(str, too_new))).stdout == "-1 38\n" * 4


@needs_sandbox
def test_the_environment_of_the_caller_is_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    assert ran("import os; print(dict(os.environ))").stdout == "{}\n"
    assert error("import os; open(f'/proc/{os.getppid()}/environ').read()").startswith("PermissionError")


@needs_sandbox
def test_open_files_of_the_caller_are_not_seen(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("very secret")
    with (tmp_path / "secret").open() as secret:
        os.set_inheritable(secret.fileno(), True)
        assert error(f"import os; os.read({secret.fileno()}, 10)").startswith("OSError: [Errno 9]")


@needs_sandbox
def test_a_private_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("very secret")
    (tmp_path / "secret").chmod(0o600)
    assert error(f"print(open({str(tmp_path / 'secret')!r}).read())").startswith("PermissionError")


@needs_sandbox
@pytest.mark.parametrize(
    "act",
    [
        "os.chmod(path, 0o777)",
        "os.truncate(path, 0)",
        "os.utime(path, (0, 0))",
        "os.setxattr(path, 'user.a', b'x')",
        "os.chown(path, -1, -1)",
        "fcntl.ioctl(os.open(path, os.O_RDONLY), 0x40086602, b'\\x40' + bytes(7))",
    ],
)
def test_a_file_of_the_caller_is_not_changed(act: str, tmp_path: Path) -> None:
    path = tmp_path / "ours"
    path.write_text("x")
    path.chmod(0o666)
    mine = f"import os; open('mine', 'w').close(); path = 'mine'; {act}"
    before = path.stat()
    assert error(f"import fcntl, os; path = {str(path)!r}; {act}").startswith("PermissionError")
    assert error(f"import fcntl; {mine}").startswith("PermissionError")
    assert path.stat() == before


@needs_sandbox
@pytest.mark.parametrize("whom", ["os.getppid()", "-1", "0"])
def test_nobody_else_is_signalled(whom: str) -> None:
    assert error(f"import os; os.kill({whom}, 9)").startswith("PermissionError")
    owner = f"import fcntl, os; fcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, {whom})"
    assert error(owner).startswith("PermissionError")


@needs_sandbox
@pytest.mark.parametrize("code", ["print('x' * 10**7)", "while True: print('flood')"])
def test_a_flood_of_output_is_cut(code: str) -> None:
    result = ran(code)
    assert len(result.stdout) == OUTPUT_BYTES
    assert last_line(result.stderr) == "OSError: [Errno 27] File too large"


@needs_sandbox
@pytest.mark.parametrize(("size", "names"), [(0, 10**9), (250_000, 100)])
def test_a_flood_of_files_is_stopped(size: int, names: int) -> None:
    code = f"i = 0\nwhile True:\n    open(str(i % {names}), 'w').write('x' * {size}); i += 1"
    assert ran(code).stopped_by == "files"


@needs_sandbox
def test_open_files_are_counted() -> None:
    assert error("files = [open('a', 'a') for _ in range(100)]") == "OSError: [Errno 24] Too many open files: 'a'"


@needs_sandbox
def test_the_folder_is_empty_can_be_written_and_is_deleted() -> None:
    result = ran("import os; print(os.getcwd()); open('a', 'w').write('x'); print(os.listdir(), open('a').read())")
    folder, *rest = result.stdout.splitlines()
    assert rest == ["['a'] x"]
    assert not Path(folder).exists()
    locked = ran("import os; print(os.getcwd()); os.open('a', os.O_CREAT, 0)")
    assert not Path(locked.stdout.strip()).exists()


@needs_sandbox
def test_runs_in_threads_do_not_mix() -> None:
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda n: ran("print(input())", str(n)).stdout, range(8)))
    assert results == [f"{n}\n" for n in range(8)]


@needs_sandbox
def test_code_cannot_pretend_that_it_was_never_run() -> None:
    assert ran("import os; os.write(2, b'OSError: no sandbox'); os._exit(1)").exit_code == 1


@needs_sandbox
@pytest.mark.skipif(os.geteuid() != 0, reason="only root has an unprivileged user to become")
def test_root_becomes_nobody() -> None:
    assert ran("import os; print(os.getresuid(), os.getresgid(), os.getgroups())").stdout == (
        "(65534, 65534, 65534) (65534, 65534, 65534) []\n"
    )
    assert error("import os; os.setuid(0)").startswith("PermissionError")
