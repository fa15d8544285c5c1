"""The limit on open files: each snapshot is mapped from about a hundred."""

import os
from contextlib import suppress

_MOST = 65_536
"""The limit requested where the system allows any number."""
_FOR_A_SNAPSHOT = 100
_SHARE_OF_CONNECTIONS = 8
"""One in so many is kept free for connections, stores and logs."""
_OPEN_NOW = "/dev/fd"


def raise_limit() -> None:
    """Raise the limit of open files of this process, and of those forked from it, to what the
    system allows; the usual 1,024 is for programs that use select()."""
    try:
        import resource
    except ImportError:  # a system without such limits
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # some systems allow less than they claim
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def few_left() -> bool:
    """Whether opening another snapshot might exceed the limit; False if unknown."""
    try:
        import resource

        used = len(os.listdir(_OPEN_NOW))  # noqa: PTH208 - names are enough
    except (ImportError, FileNotFoundError):
        return False
    except OSError:  # not even one is left to list them
        return True
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY:
        return False
    return used + _FOR_A_SNAPSHOT + most // _SHARE_OF_CONNECTIONS > most
