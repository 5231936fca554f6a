"""Who runs a command: the account that the system knows, whatever the environment says."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

_NOBODY = 0xFFFFFFFF  # what the kernel says where nobody has logged in: a service, a container
_LOGGED_IN = Path("/proc/self/loginuid")


def login_name(uid: int | None = None) -> str:
    """The login name of this account, by default of the one that runs this; where the system knows none, its number.

    LOGNAME and USER are anybody's to set: they would let everybody pass for whoever may change a list or approve.
    """
    uid = os.getuid() if uid is None else uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def person() -> int | None:
    """The account that logged in and has this run under another one's rights; None: nobody but whose process it is."""
    try:
        uid = int(_LOGGED_IN.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return None if uid in (_NOBODY, os.geteuid()) else uid


def logins() -> tuple[str, ...]:
    """Under which names whoever runs this may act: who logged in (pam_loginuid(8)), then whose process it is.

    `sudo -u ringfence` changes the second and keeps the first, so that each of those who work under it is himself.
    """
    own = login_name()
    try:
        uid = int(_LOGGED_IN.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return (own,)
    return (own,) if uid == _NOBODY else tuple(dict.fromkeys((login_name(uid), own)))
