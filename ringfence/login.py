"""Who runs a command: the account that the system knows, whatever the environment says."""

from __future__ import annotations

import os
import pwd


def login_name(uid: int | None = None) -> str:
    """The login name of this account, by default of the one that runs this; where the system knows none, its number.

    LOGNAME and USER are anybody's to set: they would let everybody pass for whoever may change a list or approve.
    """
    uid = os.getuid() if uid is None else uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
