"""A time-stamp authority of our own, on loopback: `openssl ts -reply` behind HTTP."""

import datetime
import subprocess
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.peers.loopback import new_host

CONFIGURATION = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
ess_cert_id_alg = sha256
"""


class Authority:
    """Its root certificate, and how it answers: usually as it should."""

    def __init__(self, folder):
        self.folder, self.asked = folder, 0
        folder.mkdir()
        root, root_key = _certificate("Root", None, None)
        signer, key = _certificate("TSA", root, root_key)
        self.root = folder / "root.pem"
        self.root.write_bytes(root.public_bytes(Encoding.PEM))
        (folder / "signer.pem").write_bytes(signer.public_bytes(Encoding.PEM))
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "key.pem").write_bytes(secret)
        (folder / "conf").write_text(CONFIGURATION.format(folder=folder))
        self.answer = lambda handler, query: handler.reply(self.stamp(query))
        self.url = ""

    def stamp(self, query):
        """What openssl answers to a query."""
        self.asked += 1
        (self.folder / "query").write_bytes(query)
        words = ["-config", "conf", "-queryfile", "query", "-signer", "signer.pem", "-inkey", "key.pem"]
        command = ["openssl", "ts", "-reply", *words]
        return subprocess.run(command, cwd=self.folder, capture_output=True, check=True, timeout=60).stdout

    def settings(self, file, **more):
        """Of a configuration that has its heads stamped here."""
        return {"url": self.url, "certificate": str(self.root), "file": str(file), **more}


@contextmanager
def authority(folder):
    """One that can be asked."""
    ours = Authority(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            query = self.rfile.read(int(self.headers["content-length"]))
            assert self.headers["content-type"] == "application/timestamp-query"
            ours.answer(self, query)

        def reply(self, body, status=200, kind="application/timestamp-reply"):
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer((new_host(), 0), Handler) as server:
        ours.url = "http://{}:{}/tsr".format(*server.server_address)
        thread = threading.Thread(target=lambda: server.serve_forever(0.01))
        thread.start()
        try:
            yield ours
        finally:
            server.shutdown()
            thread.join(60)


def _certificate(name, issuer, issuer_key):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.fromtimestamp(time.time(), datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=10))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    usage = x509.KeyUsage(
        digital_signature=issuer is not None,
        content_commitment=issuer is not None,
        key_cert_sign=issuer is None,
        crl_sign=issuer is None,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    made = made.add_extension(usage, critical=True)
    if issuer is not None:
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return made.sign(issuer_key or key, SHA256()), key
