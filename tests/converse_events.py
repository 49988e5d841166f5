"""A Converse reply as the events Bedrock streams for it."""

import json


def events_of(reply, size):
    """The texts and inputs cut into pieces of `size` characters, wherever that falls."""
    yield "messageStart", {"role": "assistant"}
    for index, block in enumerate(reply["output"]["message"]["content"]):
        if "toolUse" in block:
            start = {key: block["toolUse"][key] for key in ("toolUseId", "name")}
            yield "contentBlockStart", {"start": {"toolUse": start}, "contentBlockIndex": index}
        for delta in _deltas(block, size):
            yield "contentBlockDelta", {"delta": delta, "contentBlockIndex": index}
        yield "contentBlockStop", {"contentBlockIndex": index}
    yield "messageStop", {"stopReason": reply["stopReason"]}
    yield "metadata", {"usage": reply["usage"], "metrics": {"latencyMs": 1}}


def _deltas(block, size):
    if "text" in block:
        return [{"text": piece} for piece in _pieces(block["text"], size)]
    if "toolUse" in block:
        text = json.dumps(block["toolUse"]["input"], separators=(",", ":"), ensure_ascii=False)
        # An empty delta comes first, and nothing else where there is no input.
        return [{"toolUse": {"input": piece}} for piece in ["", *_pieces(text if text != "{}" else "", size)]]
    if "citationsContent" in block:
        cited = block["citationsContent"]
        texts = [{"text": piece} for part in cited["content"] for piece in _pieces(part["text"], size)]
        return texts + [{"citation": citation} for citation in cited["citations"]]
    shown = block["reasoningContent"].get("reasoningText")
    if shown is None:
        return [{"reasoningContent": block["reasoningContent"]}]
    signed = [{"reasoningContent": {"signature": shown["signature"]}}] if "signature" in shown else []
    return [{"reasoningContent": {"text": piece}} for piece in _pieces(shown["text"], size)] + signed


def _pieces(text, size):
    return [text[i : i + size] for i in range(0, len(text), size)]
