"""`ringfence profiles`: what is sent, and the card of a 608 in its file."""

import json

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

PROFILES = (
    "profiles:\n  gone: {status: 608, tel: '+18005550100', card: 'https://a.example/card'}\n  bare: {status: 480}\n"
)


def test_each_profile_is_shown_as_it_goes_out(file, run):
    file.write_text(file.read_text() + PROFILES)
    done = run("profiles", "show")
    assert "decline: SIP/2.0 603 Decline\n    Reason: SIP;cause=603;text=" in done.stdout
    assert (
        "    Call-Info: <https://a.example/card>;purpose=jwscard\n    whom it does not suit gets decline" in done.stdout
    )
    rows = {row["name"]: row for row in json.loads(run("profiles", "show", "--json").stdout)}
    assert (rows["bare"]["status"], rows["bare"]["phrase"]) == (480, "Temporarily Unavailable")


def test_a_card_is_signed_into_its_file_or_it_is_said_why_not(file, run, tmp_path):
    file.write_text(file.read_text() + PROFILES)
    key, out = tmp_path / "key.pem", tmp_path / "card.jws"
    made = ec.generate_private_key(ec.SECP256R1())
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key.write_bytes(made.private_bytes(*form))
    key.chmod(0o600)
    words = ("--key", str(key), "--certificate", "https://a.example/c.pem", "--name", "Example", "--out", str(out))
    done = run("profiles", "sign", "gone", *words)
    assert done.exit_code == 0, done.stderr
    assert out.read_text().count(".") == 2
    for wrong, said in (
        (("nobody", *words), "no profile is named 'nobody'; known are bare, gone"),
        (("bare", *words), "names nobody whom a caller may turn to"),
        (("gone", *words[:3], "http://a.example/c.pem", *words[4:]), "is no address of a page"),
        (("gone", *words[:5], "a\nb", *words[6:]), "printable text"),
        (("gone", *words[:7], str(tmp_path / "no" / "where")), "No such file"),
    ):
        refused = run("profiles", "sign", *wrong)
        assert (refused.exit_code, said in refused.stderr) == (1, True), refused.stderr
    assert sorted(each.name for each in tmp_path.iterdir() if "card" in each.name) == ["card.jws"]
