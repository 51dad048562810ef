"""Who calls and who answers prove to one another that they know the token, and it is never sent."""

import hashlib
import json
from typing import Any

import pytest

from phonework.backends.hook_client import DIGEST, NONCE, PROOF, proof_of_answer, proof_of_call

from .conftest import TOKEN, Program, refused

PATH = "/v1/hooks/nobody"
BODY = b'{"a": 1}'
NUMBER = "0123456789abcdef" * 2


def headers(*, token: str = TOKEN, path: str = PATH, body: bytes = BODY, nonce: str = NUMBER) -> dict[str, str]:
    digest = hashlib.sha256(body).hexdigest()
    proof = proof_of_call(token, nonce, path, digest)
    return {NONCE: nonce, DIGEST: digest, PROOF: proof, "Content-Type": "application/json"}


@pytest.fixture
def unnamed(program: Program) -> Program:
    """One that shows no token."""
    del program.client.headers["Authorization"]
    return program


async def test_a_proof_does_instead_of_the_token_and_is_answered_with_one(unnamed: Program) -> None:
    answer = await unnamed.client.post(PATH, content=BODY, headers=headers())

    assert refused(answer) == (404, "not_found")  # it was let in: no agent of that name takes hooks
    assert answer.headers[PROOF] == proof_of_answer(TOKEN, NUMBER, PATH, 404, answer.content)


@pytest.mark.parametrize(
    "changed",
    [
        headers(token="u" * 43),
        headers(path="/v1/hooks/demo"),
        headers(nonce="x" * 32),
        headers(nonce="0" * 31),
        {**headers(), NONCE: "0" * 32},
        {**headers(), DIGEST: "0" * 64},
        {**headers(), PROOF: ""},
        {**headers(), PROOF: "0" * 64},
        {**headers(), "Authorization": "Bearer " + "u" * 43},
        [*headers().items(), (NONCE, NUMBER)],
        [*headers().items(), (PROOF, headers()[PROOF])],
    ],
)
async def test_any_other_proof_lets_nobody_in_and_is_answered_with_none(unnamed: Program, changed: Any) -> None:
    answer = await unnamed.client.post(PATH, content=BODY, headers=changed)

    assert refused(answer) == (401, "bad_token")
    assert PROOF not in answer.headers


async def test_a_proof_is_of_one_body(unnamed: Program) -> None:
    assert refused(await unnamed.client.post(PATH, content=b'{"a": 2}', headers=headers())) == (400, "bad_digest")


async def test_a_proof_opens_hooks_alone(unnamed: Program) -> None:
    path, body = "/v1/sessions", json.dumps({"cwd": "api"}).encode()
    answer = await unnamed.client.post(path, content=body, headers=headers(path=path, body=body))

    assert refused(answer) == (401, "bad_token")


async def test_a_proof_opens_nothing_by_another_name(unnamed: Program) -> None:
    answer = await unnamed.client.post(PATH, content=BODY, headers={**headers(), "Host": "evil.example"})

    assert refused(answer) == (403, "bad_host")


async def test_each_of_two_tokens_or_names_is_one_too_many(unnamed: Program) -> None:
    twice = [("Authorization", f"Bearer {TOKEN}")] * 2
    assert refused(await unnamed.client.get("/v1/sessions", headers=twice)) == (401, "bad_token")

    named = [("Authorization", f"Bearer {TOKEN}"), ("Host", "127.0.0.1"), ("Host", "127.0.0.1")]
    assert refused(await unnamed.client.get("/v1/sessions", headers=named)) == (403, "bad_host")
