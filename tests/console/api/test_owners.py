"""An owner's address over HTTP: never written to before he confirmed it, never shown."""

from desk.letter_texts import read_texts
from ringfence.people.rights import Right
from tests.desk.town import SPAM

CODE = read_texts("zh", None)["confirm"]["body"].split("$code")[0].splitlines()[-1]


async def test_an_owner_hears_once_he_confirmed(client, town):
    await town.desk.ladder.assign(SPAM, owner="Loan King", actor="li")
    told = await client.post("/v1/owners/address", json={"owner": "loan king", "contact": "king@example.com"})
    assert (told.status_code, told.json()) == (200, {"owner": "Loan King", "confirmed": False})
    case = await town.verified()
    assert (await client.post(f"/v1/cases/{case}/seal", json={"reason": "he said so"})).status_code == 200
    (letter,) = await town.desk.letters.waiting()
    assert (letter.kind, letter.to) == ("confirm", "king@example.com")
    waits = {one["kind"]: one["waits_for"] for one in (await client.get("/v1/letters")).json()["letters"]}
    assert waits == {"confirm": "letters send", "owner": "the address to be confirmed"}
    wrong = await client.post("/v1/owners/confirm", json={"owner": "Loan King", "code": "0"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "/code")
    code = letter.body.split(CODE)[1].split()[0]
    assert (await client.post("/v1/owners/confirm", json={"owner": "Loan King", "code": code})).status_code == 204
    assert ("owner", "king@example.com") in [(one.kind, one.to) for one in await town.desk.letters.waiting()]
    again = await client.post("/v1/owners/address", json={"owner": "Loan King", "contact": "King@example.com"})
    assert again.json()["confirmed"], "it is the same address"


async def test_what_is_wrong_is_named(client, office):
    two = await client.post(
        "/v1/owners/address", json={"owner": "Loan King", "contact": "a@example.com, b@example.com"}
    )
    assert (two.status_code, two.json()["errors"][0]["field"]) == (422, "/contact")
    unknown = await client.post("/v1/owners/confirm", json={"owner": "Nobody", "code": "0"})
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "/owner")
    app = await office.client(Right.CASES_WRITE, name="other")
    asked = {"owner": "Loan King", "contact": "a@example.com"}
    assert (await app.post("/v1/owners/address", json=asked)).status_code == 403
