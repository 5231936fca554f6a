"""A small staff directory of the tests: an OpenID Connect provider behind the client's transport."""

import json
from base64 import b64decode
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
from joserfc import jwk, jwt

ISSUER = "https://id.example.com/realms/staff"
CONSOLE = "https://ringfence.example.com/console"
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


class Provider:
    """Knows who is there; ``claims`` and ``answers`` let a test say what it should not."""

    def __init__(self, clock) -> None:
        self.clock = clock
        self.key = jwk.RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.people, self.begun, self.tokens = {"li": "subject-li"}, {}, {}
        self.claims, self.asked, self.down = {}, [], False
        self.published = None

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self.answer), follow_redirects=False)

    def signed(self, claims: dict, **header) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.key.kid} | header, claims, self.key)

    def sign_in(self, url: str, name: str) -> tuple[str, str]:
        """What a browser brings back when this person signs in there."""
        asked = dict(parse_qsl(urlsplit(url).query))
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.begun)}"
        self.begun[code] = asked | {"name": name}
        return asked["state"], code

    def logout_token(self, **claims) -> str:
        told = {"iss": ISSUER, "aud": "console", "iat": int(self.clock()), "jti": f"j{len(self.asked)}-{len(claims)}"}
        return self.signed(told | {"events": {LOGOUT: {}}, "sub": "subject-li"} | claims)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if self.down:
            raise httpx.ConnectError("down")
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        match request.url.path.removeprefix("/realms/staff"):
            case "/.well-known/openid-configuration":
                places = ("authorization", "token", "introspection")
                told = {f"{one}_endpoint": f"{ISSUER}/{one}" for one in places}
                return httpx.Response(200, json=told | {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"})
            case "/keys":
                key = self.published or self.key
                return httpx.Response(200, json={"keys": [key.as_dict(private=False)]})
            case "/token":
                assert b64decode(request.headers["authorization"].split()[1]) == b"console:it is a secret"
                return self._token(form)
            case "/introspection":
                return httpx.Response(200, json={"active": self.tokens.get(form["token"]) in self.people})
        return httpx.Response(404)

    def _token(self, form: dict) -> httpx.Response:
        begun = self.begun.pop(form["code"], None)
        if begun is None:
            return httpx.Response(400, json={"error": "invalid_grant"})
        name, now = begun["name"], int(self.clock())
        token = f"refresh-{len(self.tokens)}"
        self.tokens[token] = name
        told = {"iss": ISSUER, "aud": "console", "sub": f"subject-{name}", "sid": f"sid-{token}"}
        told |= {"iat": now, "exp": now + 300, "nonce": begun["nonce"], "preferred_username": name}
        claims = {key: value for key, value in (told | self.claims).items() if value is not None}
        answer = {"id_token": self.signed(claims), "access_token": "a", "refresh_token": token, "token_type": "Bearer"}
        return httpx.Response(200, content=json.dumps(answer))
