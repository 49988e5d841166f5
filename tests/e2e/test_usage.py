"""A thousand requests by several people, keys and models: what usage and costs say is what the Bedrock stand-in
counted, to the token and the micro-dollar; and nobody reads of others."""

import json
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from itertools import cycle, islice

import openai
import pytest

from tests.e2e.conftest import ROOT
from tests.e2e.people import Cognito, failing

REQUESTS = 1000
DAY_S = 86_400
_SEEN_S = 60  # until the last line is in the log, on a machine with much to do
PRICES = json.loads((ROOT / "services" / "openai" / "models.json").read_text())
IDS = {row["id"]: name for name, row in PRICES.items() if "id" in row}


def chat(client, model, text):
    client.chat.completions.create(model=model, messages=[{"role": "user", "content": text}])


def stream(client, model, text):
    list(client.chat.completions.create(model=model, messages=[{"role": "user", "content": text}], stream=True))


def respond(client, model, text):
    client.responses.create(model=model, input=text, store=False)


def message(client, model, text):
    body = {"model": model, "max_tokens": 50, "messages": [{"role": "user", "content": text}]}
    client.post("/messages", cast_to=object, body=body)


def embed(client, _, text):
    client.embeddings.create(model="titan-embed-text-v2", input=text)


WAYS = [chat, stream, respond, message, embed]
MODELS = ["nova-lite", "nova-pro", "claude-haiku-4.5"]


class Traffic:
    """What was asked, and what Bedrock's stand-in counted of it: {(user, key, model): [requests, in, out, cost]}."""

    def __init__(self, users, keys, counted, start):
        self.users, self.keys, self.counted, self.start = users, keys, counted, start

    def total(self, *by, kinds=("chat", "embedding")):
        """Sums by some of user, key and model."""
        found = {}
        for key, numbers in self.counted.items():
            named = dict(zip(("user", "key", "model"), key, strict=True))
            if PRICES[named["model"]]["kind"] in kinds:
                row = found.setdefault(tuple(named[name] for name in by), [0, 0, 0, 0])
                row[:] = [a + b for a, b in zip(row, numbers, strict=True)]
        return found


def cost(model, prompt, completion):
    """In micro-dollars, rounded to the nearest: by the list prices, of what no cache had a part in."""
    price = PRICES[model]["price"]
    total = prompt * price["prompt"] + completion * price.get("completion", 0)
    return (total + 500_000) // 1_000_000


@pytest.fixture(scope="module")
def traffic(gateway):
    start = int(time.time())
    users = [gateway.user(f"usage-{n}-{uuid.uuid4().hex[:6]}@example.com") for n in range(3)]
    keys = {gateway.key(user)["id"]: None for user in ()}
    minted = [(user, gateway.key(user, name=f"k{n}")) for user in users for n in range(2)]
    keys = {key["id"]: user for user, key in minted}
    clients = [(user, key["id"], gateway.openai(key["value"], max_retries=3)) for user, key in minted]
    asked = list(islice(zip(cycle(clients), cycle(WAYS), cycle(MODELS)), REQUESTS))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: each[1][1](each[1][0][2], each[1][2], "word " * (each[0] % 97 + 1)), enumerate(asked)))
    counted = {}
    for call in seen(gateway, set(users)):
        model = IDS[call["model_id"]]
        prompt, completion = call["usage"]["inputTokens"], call["usage"].get("outputTokens", 0)
        tags = call["principal_tags"]
        row = counted.setdefault((tags["user"], tags["key"], model), [0, 0, 0, 0])
        numbers = (1, prompt, completion, cost(model, prompt, completion))
        row[:] = [a + b for a, b in zip(row, numbers, strict=True)]
    assert sum(row[0] for row in counted.values()) == REQUESTS
    return Traffic(users, keys, counted, start)


def seen(gateway, users):
    import httpx

    with httpx.Client(base_url=gateway.bedrock_url, timeout=30, trust_env=False) as control:
        calls = control.get("/_stand_in/calls").raise_for_status().json()["calls"]
    return [call for call in calls if (call["principal_tags"] or {}).get("user") in users]
