"""What a learner's process may not do: start programs, open connections, write files, read the answers, take it all.

Nothing here needs to be root, or anything to be installed: limits of the system, seccomp, and Landlock. What the system
does not have is named, in a sentence each, so that a report can say what was not enforced.
"""

import ctypes
import errno
import os
import platform
import struct
from itertools import chain
from pathlib import Path

LIBRARY = ctypes.CDLL(None, use_errno=True)  # of C
MEMORY = 1 << 29  # bytes beside what torch has taken already
SECONDS = 60  # of the processor, for one function in all; the grader stops it by the clock, long before
OPEN_FILES = 64

NO_NEW_PRIVILEGES, ON_PARENTS_DEATH, SET_SECCOMP, FILTER = 38, 1, 22, 2  # of prctl
KILL, REFUSE, ALLOW = 0x80000000, 0x00050000, 0x7FFF0000  # what a filter answers
LOAD, EQUAL, GREATER, BITS, ANSWER = 0x20, 0x15, 0x25, 0x45, 0x06  # its instructions
NUMBER, MACHINE, FIRST_ARGUMENT = 0, 4, 16  # where it finds what
THREAD = 0x10000  # a clone with this flag is a thread, not a process
LATEST = 462  # calls that are newer than this list are not there
# By the machine, as `uname -m` names it: how a filter knows it, and the number of each call that is refused.
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
CALLS = {
    "x86_64": dict(
        programs=[57, 58, 59, 322],  # fork, vfork, execve, execveat
        connections=[41, 42, 49, 50, 53, 425, 426, 427],  # socket, connect, bind, listen, socketpair, io_uring
        other_processes=[62, 200, 234, 129, 297, 424, 434, 438, 101, 310, 311, 312, 141, 142, 144, 203, 314, 251, 440],
        memory_that_stays=[29, 30, 31, 64, 68, 240, 319, 323, 447],  # shared memory, queues, memfd
        properties_of_files=[90, 91, 268, 452, 92, 93, 94, 260, 188, 189, 190, 197, 198, 199],  # chmod, chown, setxattr
        more_of_files=[132, 235, 261, 280, 76, 133, 259],  # utime, truncate, mknod
        the_system=[165, 166, 155, 161, 272, 308, 321, 298, 248, 249, 250, 428, 429, 430, 432, 442],  # mount, unshare …
    ),
    "aarch64": dict(
        programs=[221, 281],
        connections=[198, 203, 200, 201, 199, 425, 426, 427],
        other_processes=[129, 130, 131, 138, 240, 424, 434, 438, 117, 270, 271, 272, 140, 118, 119, 122, 274, 30, 440],
        memory_that_stays=[194, 196, 195, 190, 186, 180, 279, 282, 447],
        properties_of_files=[52, 53, 452, 54, 55, 5, 6, 7, 14, 15, 16, 88, 45, 33],
        the_system=[40, 39, 41, 51, 97, 268, 280, 241, 217, 218, 219, 428, 429, 430, 432, 442],
    ),
}
CLONE, CLONE_3, LIMIT_OF = {"x86_64": (56, 435, 302), "aarch64": (220, 435, 261)}.get(platform.machine(), (0, 0, 0))

# Landlock: the rights that a kernel knows, by the version of its interface; and the calls, the same on every machine.
CREATE, ADD_RULE, RESTRICT = 444, 445, 446
RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # how many of them there are
READ_FILE, READ_FOLDER, WRITE_FILE = 1 << 2, 1 << 3, 1 << 1

TIME = "Nothing limits a learner's function here but the clock: no memory limit."
CALLED = (
    "This system has no seccomp that is known here (it is there on Linux, on x86-64 and ARM): a learner's function can "
    "start programs and open connections."
)
FILES = (
    "This system has no Landlock (it is there on Linux from 5.13 on): a learner's function can read and write whatever "
    "you can, and so the answers, too."
)


def shut(readable, listed):
    """Shut this process in, for good; returns the sentences on what could not be had.

    readable: files and folders that may be read; listed: folders of which the names alone may be seen. Nothing may be
    written.
    """
    missing = []
    for fence, sentence in ((limits, TIME), (no_rights, ""), (files, FILES), (calls, CALLED)):
        try:
            fence(*(readable, listed) * (fence is files))
        except (OSError, AttributeError, ValueError, KeyError, ImportError):  # no such call here, or it was refused
            missing.append(sentence)
    return [sentence for sentence in missing if sentence]


def limits():
    """So much memory and time of the processor, no file to be written, and an end with the process that made it."""
    import resource

    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    for limit, most in (
        (resource.RLIMIT_AS, pages * os.sysconf("SC_PAGE_SIZE") + MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))


def no_rights():
    """Nothing that only root may do, and nothing that this process starts may ever do it again."""
    prctl(ON_PARENTS_DEATH, 9)
    prctl(NO_NEW_PRIVILEGES, 1)
    system(LIBRARY.capset, struct.pack("Ii", 0x20080522, 0), bytes(24))


def calls():
    """A filter on what may be asked of the system."""
    machine = platform.machine()
    refuse, unknown = REFUSE | errno.EPERM, REFUSE | errno.ENOSYS
    program = [
        (LOAD, 0, 0, MACHINE),
        (EQUAL, 1, 0, MACHINES[machine]),
        (ANSWER, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
        (GREATER, 0, 1, LATEST),
        (ANSWER, 0, 0, unknown),
        (EQUAL, 0, 1, CLONE_3),  # the library then takes clone, whose flags a filter can see
        (ANSWER, 0, 0, unknown),
    ]
    for number in chain(*CALLS[machine].values()):
        program += [(EQUAL, 0, 1, number), (ANSWER, 0, 0, refuse)]
    program += [  # a thread is welcome, a process is not; limits are its own, not those of others
        *[(EQUAL, 0, 3, CLONE), (LOAD, 0, 0, FIRST_ARGUMENT), (BITS, 5, 0, THREAD), (ANSWER, 0, 0, refuse)],
        *[(EQUAL, 0, 3, LIMIT_OF), (LOAD, 0, 0, FIRST_ARGUMENT), (EQUAL, 1, 0, 0), (ANSWER, 0, 0, refuse)],
        (ANSWER, 0, 0, ALLOW),
    ]
    code = b"".join(struct.pack("HBBI", *step) for step in program)
    held = ctypes.create_string_buffer(code, len(code))
    whole = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(program), ctypes.addressof(held)))
    prctl(SET_SECCOMP, FILTER, ctypes.addressof(whole))


def files(readable, listed):
    """Nothing may be written, and only what is named may be read."""
    version = landlock(CREATE, None, 0, 1)
    every = (1 << RIGHTS[min(version, max(RIGHTS))]) - 1
    connections = 3 if version >= 4 else 0
    scope = 3 if version >= 6 else 0
    attributes = struct.pack("QQQ", every, connections, scope)[: 8 * (1 + (version >= 4) + (version >= 6))]
    rules = landlock(CREATE, attributes, len(attributes), 0)
    rights = [(path, READ_FILE | READ_FOLDER if os.path.isdir(path) else READ_FILE) for path in readable]
    rights += [(path, READ_FOLDER) for path in listed]
    for path, allowed in [*rights, ("/dev/null", READ_FILE | WRITE_FILE), ("/dev/urandom", READ_FILE)]:
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        landlock(ADD_RULE, rules, 1, struct.pack("=Qi", allowed, place), 0)
        os.close(place)
    landlock(RESTRICT, rules, 0)
    os.close(rules)


def landlock(call, *arguments):
    return system(LIBRARY.syscall, call, *arguments)


def prctl(*arguments):
    return system(LIBRARY.prctl, *[*arguments, 0, 0, 0, 0][:5])


def system(function, *arguments):
    """A call of the C library; raises OSError where it fails."""
    found = function(*(ctypes.c_long(one) if isinstance(one, int) else one for one in arguments))
    if found < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return found


def without(folder, hidden):
    """``(readable, listed)``: what is in a folder, but for the hidden folders below it.

    >>> without(Path("/usr/lib"), [Path("/home/notebooks")])
    ([PosixPath('/usr/lib')], [])
    """
    if folder in hidden:
        return [], []
    if not any(one.is_relative_to(folder) for one in hidden):
        return [folder], []
    readable, listed = [], [folder]
    for inner in sorted(folder.iterdir()):
        more, names = without(inner, hidden)
        readable += more
        listed += names
    return readable, listed
