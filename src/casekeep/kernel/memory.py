"""How a process asks the system for memory, and gives it back, where the C library is glibc."""

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_MIB = 1 << 20


def give_memory_back() -> None:
    """Have what is freed go back to the system. By itself glibc keeps blocks as large as any that
    was ever freed, in a place for every thread: here those of a password's hash, some 20 MiB, and
    segments of files in whatever thread had them. Blocks of a few segments are used again at once.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    mallopt(_M_MMAP_THRESHOLD, 4 * _MIB)
    mallopt(_M_TRIM_THRESHOLD, 8 * _MIB)
    mallopt(_M_ARENA_MAX, 2)
