"""The inside of the sandbox: this file runs as a process of its own, gives up what it may do, then runs the code.

Started by `sandbox.py` as `python -P -s -S -B sandbox_runner.py JSON`; the code stands at the start of standard input.
It imports nothing of the project, as it runs without it. Not here: who starts and stops it, and what it returns
(`sandbox.py`, whose docstring says what is protected).

Order matters: limits, then the unprivileged user, then Landlock, then the system call filter that none can undo.
"""

import ctypes
import json
import os
import resource
import stat
import struct
import sys
from types import ModuleType
from typing import NamedTuple

NOBODY = 65534
READY = b"confined"

ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""Column of `DENIED`, and the number by which the kernel knows the architecture (linux/audit.h)."""

DENIED = {
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "setpriority": (141, 140),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
    "ioprio_set": (251, 30),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "semop": (65, 193),
    "semctl": (66, 191),
    "semtimedop": (220, 192),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "memfd_create": (319, 279),
    "userfaultfd": (323, 282),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    "syslog": (103, 116),
    "sync": (162, 81),
    "syncfs": (306, 267),
    "personality": (135, 92),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "symlink": (88, None),
    "symlinkat": (266, 36),
    "link": (86, None),
    "linkat": (265, 37),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "truncate": (76, 45),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
}
"""System calls that are refused: network, processes, other processes, kernel objects that outlive the process, new
directories (so that the working directory is flat and its size is quickly counted), and what changes a file by its name
or its marks, such as its mode, owner and times, which Landlock does not govern (`truncate` only from Linux 6.2 on)."""

_FIRST_NEW = 424
"""From here on both architectures number alike, and all is newer than 2018: io_uring (which has sockets), pidfds,
clone3, openat2. The C library does without them."""

_CLONE, _KILL, _TGKILL, _PRLIMIT, _SOCKETPAIR = (56, 220), (62, 129), (234, 131), (302, 261), (53, 199)
_FCNTL, _IOCTL, _PRCTL = (72, 25), (16, 29), (157, 167)
_CLONE_THREAD = 0x10000
_STREAM, _STREAM_CLOSED_ON_EXEC = 1, 0o2000001
_SIGNAL_OWNERS = (8, 10, 15)
"""F_SETOWN, F_SETSIG, F_SETOWN_EX: they make the kernel signal another process."""
_IOCTLS = (0x8901, 0x8902, 0x5412, 0x40086602, 0x401C5820)
"""FIOSETOWN, SIOCSPGRP (as above); TIOCSTI types into a terminal; FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR mark a file."""
_SET_DEATH_SIGNAL, _SET_SECCOMP, _SET_NO_NEW_PRIVILEGES = 1, 22, 38

_KILL_PROCESS, _ALLOW = 0x80000000, 0x7FFF0000
_NOT_PERMITTED, _UNKNOWN_CALL = 0x00050000 | 1, 0x00050000 | 38

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_WRITE_FILE, _REMOVE_FILE, _MAKE_FILE, _TRUNCATE = 1 << 1, 1 << 5, 1 << 8, 1 << 14
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo")

_LIBC = ctypes.CDLL(None, use_errno=True)


class Task(NamedTuple):
    """What the runner is asked: sizes in bytes, `status_fd` is told `READY` when all is confined."""

    code_bytes: int
    cpu_s: int
    memory_bytes: int
    file_bytes: int
    open_files: int
    status_fd: int
    parent: int


class _Filter:
    """A seccomp program under construction: rules in the order in which they are tried."""

    def __init__(self, column: int, architecture: int) -> None:
        self._column = column
        self._code: list[tuple[int, int, int, int]] = []
        self._load(4)
        self._equal(architecture, 1, 0)
        self._return(_KILL_PROCESS)
        self._load(0)
        self._code.append((0x35, 0, 1, _FIRST_NEW))  # jump if greater or equal
        self._return(_UNKNOWN_CALL)

    def deny(self, numbers: tuple[int, int | None]) -> None:
        """Refuse a system call."""
        number = numbers[self._column]
        if number is not None:
            self._equal(number, 0, 1)
            self._return(_NOT_PERMITTED)

    def deny_if(self, numbers: tuple[int, int], argument: int, values: tuple[int, ...]) -> None:
        """Refuse it when an argument has one of `values`."""
        self._rule(numbers, argument, [(0x15, value) for value in values], _NOT_PERMITTED, _ALLOW)

    def allow_if(self, numbers: tuple[int, int], argument: int, values: tuple[int, ...]) -> None:
        """Refuse it unless an argument has one of `values`."""
        self._rule(numbers, argument, [(0x15, value) for value in values], _ALLOW, _NOT_PERMITTED)

    def allow_if_flag(self, numbers: tuple[int, int], argument: int, flag: int) -> None:
        """Refuse it unless an argument has a bit set."""
        self._rule(numbers, argument, [(0x45, flag)], _ALLOW, _NOT_PERMITTED)

    def _rule(self, numbers: tuple[int, int], argument: int, tests: list[tuple[int, int]], hit: int, miss: int) -> None:
        """Only the lower half of the argument is looked at: the kernel takes these arguments as 32 bits."""
        self._equal(numbers[self._column], 0, 3 + len(tests))
        self._load(16 + 8 * argument)
        for position, (operation, value) in enumerate(tests):
            self._code.append((operation, len(tests) - position, 0, value))
        self._return(miss)
        self._return(hit)

    def _load(self, offset: int) -> None:
        self._code.append((0x20, 0, 0, offset))

    def _equal(self, value: int, if_so: int, if_not: int) -> None:
        self._code.append((0x15, if_so, if_not, value))

    def _return(self, value: int) -> None:
        self._code.append((0x06, 0, 0, value))

    def install(self) -> None:
        """Put the filter on this process, for good. Raises `OSError` when the kernel refuses."""
        self._return(_ALLOW)
        program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in self._code))
        head = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(self._code), ctypes.addressof(program)))
        _prctl(_SET_SECCOMP, 2, ctypes.addressof(head))


def main() -> None:
    """Confine this process, then run the code as `__main__`."""
    task = Task(**json.loads(sys.argv[1]))
    with open(0, "rb", buffering=0, closefd=False) as given:
        code = given.read(task.code_bytes)
    _confine(task)
    os.write(task.status_fd, READY)
    os.close(task.status_fd)
    _run(code)


def _run(code: bytes) -> None:
    module = ModuleType("__main__")
    sys.modules["__main__"] = module
    sys.argv = ["snippet.py"]
    os.environ.clear()
    exec(compile(code, "snippet.py", "exec"), vars(module))  # noqa: S102 running it is the task; it is confined


def _confine(task: Task) -> None:
    _limit(task)
    libraries = [_opened(path) for path in sys.path if os.path.isdir(path)]  # noqa: PTH112 pathlib is slow to import
    others = [_opened(p) for p in (*_LIBRARIES, f"{sys.base_prefix}/lib") if os.path.exists(p)]  # noqa: PTH110
    if os.geteuid() == 0:
        _keep_reachable(libraries)
        _become_nobody()
    _prctl(_SET_DEATH_SIGNAL, 9)
    if os.getppid() != task.parent:
        raise OSError("whoever started the sandbox is gone")
    _prctl(_SET_NO_NEW_PRIVILEGES, 1)
    _restrict_files([*libraries, *others])
    _filter_calls()
    for opened in others:
        os.close(opened)


def _limit(task: Task) -> None:
    limits = {
        resource.RLIMIT_AS: task.memory_bytes,
        resource.RLIMIT_FSIZE: task.file_bytes,
        resource.RLIMIT_NOFILE: task.open_files,
        resource.RLIMIT_STACK: 8 * 2**20,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
    }
    for limit, value in limits.items():
        most = resource.getrlimit(limit)[1]
        least = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(limit, (least, least))
    resource.setrlimit(resource.RLIMIT_CPU, (task.cpu_s, task.cpu_s + 1))  # a signal that tells why, then the end


def _opened(path: str) -> int:
    return os.open(path, os.O_PATH)


def _keep_reachable(libraries: list[int]) -> None:
    """Let the standard library be imported through open folders: root's may stand where nobody else may look."""
    old, new = [p for p in sys.path if os.path.isdir(p)], [f"/proc/self/fd/{fd}" for fd in libraries]  # noqa: PTH112
    sys.path[:] = new
    for module in list(sys.modules.values()):
        for before, after in zip(old, new, strict=True):
            if getattr(module, "__path__", None):
                module.__path__ = [path.replace(f"{before}/", f"{after}/") for path in module.__path__]


def _become_nobody() -> None:
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def _restrict_files(readable: list[int]) -> None:
    """Leave the libraries to read and the working directory to write, where the kernel has Landlock."""
    version = _LIBC.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return
    handled = (1 << 13) - 1 | (version >= 2) << 13 | (version >= 3) << 14 | (version >= 5) << 15
    network, scopes = 3 if version >= 4 else 0, 3 if version >= 6 else 0
    size = 8 + 8 * (version >= 4) + 8 * (version >= 6)
    asked = struct.pack("QQQ", handled, network, scopes)[:size]
    rules = _checked(_LIBC.syscall(_CREATE_RULESET, asked, ctypes.c_size_t(size), 0))
    folder = _opened(".")
    writing = _READ_FILE | _READ_DIR | _WRITE_FILE | _REMOVE_FILE | _MAKE_FILE | _TRUNCATE
    for opened in readable:
        _permit(rules, opened, _READ_FILE | _READ_DIR)
    _permit(rules, folder, writing & handled)
    _checked(_LIBC.syscall(_RESTRICT_SELF, rules, 0))
    os.close(folder)
    os.close(rules)


def _permit(rules: int, opened: int, rights: int) -> None:
    if not stat.S_ISDIR(os.fstat(opened).st_mode):
        rights &= ~_READ_DIR
    _checked(_LIBC.syscall(_ADD_RULE, rules, 1, struct.pack("=Qi", rights, opened), 0))


def _filter_calls() -> None:
    column, architecture = ARCHITECTURES[os.uname().machine]
    calls = _Filter(column, architecture)
    for numbers in DENIED.values():
        calls.deny(numbers)
    calls.allow_if_flag(_CLONE, 0, _CLONE_THREAD)
    calls.allow_if(_KILL, 0, (os.getpid(),))
    calls.allow_if(_TGKILL, 0, (os.getpid(),))
    calls.allow_if(_PRLIMIT, 0, (0, os.getpid()))
    calls.allow_if(_SOCKETPAIR, 1, (_STREAM, _STREAM_CLOSED_ON_EXEC))
    calls.deny_if(_FCNTL, 1, _SIGNAL_OWNERS)
    calls.deny_if(_IOCTL, 1, _IOCTLS)
    calls.deny_if(_PRCTL, 0, (_SET_DEATH_SIGNAL,))
    calls.install()


def _prctl(option: int, value: int, pointer: int = 0) -> None:
    _checked(_LIBC.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(pointer), ctypes.c_ulong(0), ctypes.c_ulong(0)))


def _checked(result: int) -> int:
    """Return what the C library answered. Raises `OSError` when that is an error."""
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


if __name__ == "__main__":
    main()
