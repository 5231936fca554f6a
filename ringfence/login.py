"""Who runs a command: the account that the system knows, whatever the environment says."""

from __future__ import annotations

import os
import pwd


def login_name() -> str:
    """The login name of the account; in a container that knows no names, its number.

    LOGNAME and USER are anybody's to set: they would let everybody pass for whoever may change a list or approve.
    """
    uid = os.getuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
