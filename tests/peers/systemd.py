"""A real systemd as process 1 of namespaces of its own, over a copy of this machine's files that is thrown away."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.peers.process import until

ROOT: Final = Path(__file__).resolve().parents[2]
GROUPS: Final = (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup"))  # with those of version 1 beside, or alone
COMMAND_S: Final = 120
PROGRAM: Final = """\
#!/bin/sh
export PYTHONPATH=/opt/ringfence/checkout:/opt/ringfence/packages PYTHONDONTWRITEBYTECODE=1
exec {python} -m ringfence "$@"
"""
MAKE: Final = """
mount --make-rprivate /
mount -t tmpfs tmpfs "$top"
mkdir "$top/changed" "$top/work" "$top/root"
mount -t overlay overlay -o lowerdir=/,upperdir="$top/changed",workdir="$top/work" "$top/root"
cd "$top/root"
mount -t proc proc proc
mount -t sysfs sysfs sys 2>/dev/null || mount --rbind /sys sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs tmpfs dev
for each in null zero full random urandom tty; do touch dev/$each; mount --bind /dev/$each dev/$each; done
mkdir dev/shm dev/pts dev/mqueue; mount -t tmpfs tmpfs dev/shm
mount -t devpts devpts dev/pts -o newinstance,ptmxmode=0666
ln -s pts/ptmx dev/ptmx
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount -t tmpfs tmpfs opt
mkdir -p opt/ringfence/bin opt/ringfence/checkout opt/ringfence/packages etc/ringfence
mount --bind "$checkout" opt/ringfence/checkout
mount --bind "$packages" opt/ringfence/packages
printf %s "$program" >opt/ringfence/bin/ringfence
chmod 755 opt/ringfence/bin/ringfence
rm -rf etc/systemd/system/*.wants lib/systemd/system/*.target.wants
cp "$checkout"/config/systemd/* etc/systemd/system/
useradd --root "$PWD" --system --home-dir /var/lib/ringfence ringfence
printf %s "$configuration" >etc/ringfence/ringfence.yaml
echo 0123456789abcdef0123456789abcdef >etc/machine-id
ip link set lo up
export container=ringfence
mkdir run/old
pivot_root . run/old
umount --lazy run/old
exec /lib/systemd/systemd --system --unit=basic.target --log-target=console --show-status=no
"""
# Below a chroot the kernel makes no user namespaces (user_namespaces(7)), which PrivateUsers= wants: there alone the
# unit goes without that line.
IN_A_CHROOT: Final = """\
mkdir -p /etc/systemd/system/ringfence.service.d
printf '[Service]\\nPrivateUsers=no\\n' >/etc/systemd/system/ringfence.service.d/chroot.conf
systemctl daemon-reload
"""


class Machine:
    """What is asked of it."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def run(self, *words: str, check: bool = True) -> str:
        """What a command says there."""
        command = ["nsenter", "-t", str(self._pid), "-a", "-r", "-w", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_S, check=False)
        assert done.returncode == 0 or not check, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def shows(self, unit: str, *names: str) -> list[str]:
        """Properties of a unit."""
        said = self.run("systemctl", "show", unit, *(f"--property={name}" for name in names))
        found = dict(line.split("=", 1) for line in said.splitlines())
        return [found[name] for name in names]


@contextlib.contextmanager
def machine(folder: Path, configuration: str) -> Iterator[Machine]:
    """One that runs, with the units of the checkout and their program where they say; nothing is started yet."""
    group = next(each for each in GROUPS if (each / "cgroup.procs").exists()) / f"ringfence-{os.getpid()}"
    group.mkdir()
    top = folder / "machine"
    top.mkdir()
    environment = {
        **os.environ,
        "top": str(top),
        "checkout": str(ROOT),
        "packages": sysconfig.get_paths()["purelib"],
        "program": PROGRAM.format(python=Path(sys.executable).resolve()),
        "configuration": configuration,
    }
    spaces = ["--pid", "--fork", "--mount", "--ipc", "--uts", "--net", "--cgroup", "--kill-child"]
    begin = f"echo $$ >\"{group}/cgroup.procs\"; exec unshare {' '.join(spaces)} bash -ec '{MAKE}'"
    with (folder / "machine.log").open("wb") as out:
        outer = subprocess.Popen(
            ["bash", "-ec", begin], env=environment, stdout=out, stderr=out, stdin=subprocess.DEVNULL
        )
    try:
        until(lambda: first_of(outer.pid) or outer.poll() is not None, "systemd begins")
        found = Machine(first_of(outer.pid))
        until(lambda: "running" in found.run("systemctl", "is-system-running", check=False), "systemd runs")
        if "not permitted" in found.run("unshare", "--user", "true", check=False):
            found.run("sh", "-c", IN_A_CHROOT)
        yield found
    finally:
        outer.kill()
        outer.wait()
        until(lambda: is_removed(group), "all that ran there has ended")


def is_removed(group: Path) -> bool:
    """Is the control group gone, with those below it? It is removed once nothing runs in it."""
    with contextlib.suppress(OSError):
        for each in sorted(filter(Path.is_dir, group.rglob("*")), reverse=True):
            each.rmdir()
        group.rmdir()
    return not group.exists()


def first_of(outer: int) -> int:
    """The process 1 of the namespaces, once it is systemd; 0 until then."""
    with contextlib.suppress(OSError):
        for word in Path(f"/proc/{outer}/task/{outer}/children").read_text().split():
            if Path(f"/proc/{word}/comm").read_text().strip() == "systemd":
                return int(word)
    return 0
