"""Asterisk as the PBX: fetched once by tools/pbx, run from its own folder with its own libraries, without root."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.peers.alone import AS_ROOT
from tests.peers.loopback import Endpoint, free_port, listening
from tests.peers.process import Peer

FETCH = Path(__file__).parents[2] / "tools" / "pbx"
FETCH_S = 300

MODULES = """
    res_timing_timerfd res_sorcery_config res_sorcery_memory res_sorcery_astdb res_pjproject
    res_pjsip res_pjsip_pubsub res_pjsip_session res_pjsip_sdp_rtp res_pjsip_endpoint_identifier_ip
    res_pjsip_caller_id res_pjsip_diversion res_pjsip_header_funcs res_pjsip_nat res_pjsip_rfc3326 res_rtp_asterisk
    chan_pjsip pbx_config app_stack app_exec app_dial app_echo app_verbose func_callerid func_logic
    codec_alaw codec_ulaw format_pcm bridge_simple bridge_native_rtp
"""

ASTERISK_CONF = """
[directories]
astetcdir => {run}
astdbdir => {run}
astrundir => {run}
astlogdir => {run}
astspooldir => {run}
astkeydir => {run}
astmoddir => {modules}
astvarlibdir => {root}/var/lib/asterisk
astdatadir => {root}/usr/share/asterisk
[options]
documentation_language = en_US
"""

# 600 echoes what it hears; 200 is a telephone behind the PBX, which may call out with a leading 0, or dial a code;
# 700 is whoever answers diverted calls, who is told which number was called.
EXTENSIONS_CONF = """
[from-ringfence]
exten => 600,1,Answer()
 same => n,Echo()
exten => 200,1,Set(HEARD=${PJSIP_HEADER(read,X-Ringfence-Verdict)})
 same => n,Dial(PJSIP/telephone,20,b(add-verdict^s^1(${HEARD})))
exten => 700,1,Set(CALLED=${REDIRECTING(from-num)})
 same => n,Dial(PJSIP/telephone,20,b(add-called^s^1(${CALLED})))
[add-called]
exten => s,1,Set(PJSIP_HEADER(add,X-Was-Called)=${ARG1})
 same => n,Return()
[add-verdict]
exten => s,1,ExecIf($["${ARG1}" != ""]?Set(PJSIP_HEADER(add,X-Seen-By-Pbx)=${ARG1}))
 same => n,Return()
[from-telephone]
exten => _0X.,1,Dial(PJSIP/${EXTEN}@ringfence,20)
exten => _*X.,1,Dial(PJSIP/${EXTEN}@ringfence,20)
 same => n,Hangup(${HANGUPCAUSE})
"""

PJSIP_CONF = """
[udp]
type=transport
protocol=udp
bind={at}

[ringfence]
type=endpoint
context=from-ringfence
disallow=all
allow=alaw
direct_media=no
rtp_symmetric=no
media_address={at.host}
bind_rtp_to_media_address=yes
aors=ringfence
[ringfence]
type=aor
contact=sip:{proxy}
[ringfence]
type=identify
endpoint=ringfence
match={proxy.host}

[telephone]
type=endpoint
context=from-telephone
callerid=Telephone <200>
disallow=all
allow=alaw
direct_media=no
media_address={at.host}
bind_rtp_to_media_address=yes
aors=telephone
[telephone]
type=aor
contact=sip:telephone@{telephone}
[telephone]
type=identify
endpoint=telephone
match={telephone.host}
"""

# In a view of the file system of its own, where the file that its library reads is another one.
TRUSTING = [
    *("unshare", *AS_ROOT, "--mount", "sh", "-c"),
    'mount --bind "$0" /etc/ssl/certs/ca-certificates.crt && exec "$@"',
]
EMPTY = ("acl", "udptl", "features", "cel", "cdr", "pjproject", "indications", "manager", "ccss")


def asterisk_root() -> Path:
    """The unpacked Asterisk, fetched on first use."""
    fetched = subprocess.run([FETCH], stdout=subprocess.PIPE, text=True, timeout=FETCH_S, check=True)
    return Path(fetched.stdout.strip())


class Asterisk(Peer):
    """A PBX at `at` that takes trunk calls from `proxy` only and has one telephone."""

    def __init__(
        self,
        *,
        at: Endpoint,
        proxy: Endpoint,
        telephone: Endpoint,
        folder: Path,
        extensions: str = EXTENSIONS_CONF,
        pjsip: str = PJSIP_CONF,
        modules: str = MODULES,
        authorities: Path | None = None,
    ) -> None:
        """`authorities` are whom it believes on the web, in place of the machine's."""
        root = asterisk_root()
        folder.mkdir(parents=True, exist_ok=True)
        libraries = next((root / "usr" / "lib").glob("*-linux-gnu*"))
        loader = next(libraries.glob("ld-linux*.so.*"))
        rtp = free_port(at.host)
        files = {
            "asterisk": ASTERISK_CONF.format(run=folder, root=root, modules=libraries / "asterisk" / "modules"),
            "modules": "[modules]\nautoload=no\n" + "".join(f"load = {name}.so\n" for name in modules.split()),
            "extensions": extensions,
            "pjsip": pjsip.format(at=at, proxy=proxy, telephone=telephone),
            "rtp": f"[general]\nrtpstart={min(rtp, 65000)}\nrtpend={min(rtp, 65000) + 200}\n",
            "logger": "[general]\n[logfiles]\nconsole => notice,warning,error\n",
            **dict.fromkeys(EMPTY, ""),
        }
        for name, text in files.items():
            (folder / f"{name}.conf").write_text(text)
        self.at = at
        # Its own loader and libraries: those of the machine are of another Debian release.
        command: list[str | Path] = [loader, "--library-path", libraries, root / "usr" / "sbin" / "asterisk"]
        if authorities is not None:
            command = [*TRUSTING, authorities, *command]
        super().__init__([*command, "-C", folder / "asterisk.conf", "-f", "-n"], output=folder / "console.txt")
        self.ready(lambda: "Asterisk Ready" in self.said and listening(at), f"ready on {at}")
