"""A chat in the terminal, or in a pipe."""

import os
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Annotated, Any

import typer

from pennyworth_cli import command
from pennyworth_cli.events import events
from pennyworth_cli.failure import Code, Failure
from pennyworth_cli.session import Session
from pennyworth_cli.text import plain

_PATH = "/chat/completions"
_SILENCE_S = 300  # API Gateway ends a stream that says nothing for so long

Message = dict[str, str]


def register(app: typer.Typer) -> None:
    command.command(app, "chat")(chat)


def chat(
    session: Session,
    prompt: Annotated[
        list[str] | None,
        typer.Argument(metavar="PROMPT", help="What to ask. Without it, stdin; at a terminal, a talk."),
    ] = None,
    model: Annotated[
        str,
        typer.Option("--model", "-m", metavar="MODEL", help="Else PENNYWORTH_MODEL. `pennyworth models` lists them."),
    ] = "",
    system: Annotated[str, typer.Option("--system", "-s", metavar="TEXT", help="Instructions for the model.")] = "",
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", metavar="COUNT", min=1, help="Tokens of the answer at most.")
    ] = None,
    temperature: Annotated[
        float | None, typer.Option("--temperature", metavar="NUMBER", min=0, max=2, help="0 to 2.")
    ] = None,
) -> None:
    """Ask a model; the answer is streamed to stdout as it comes.

    What is piped in is added to the prompt: `pennyworth chat "Summarise this" < report.txt`. In a shell's loop that
    reads lines, write `< /dev/null`, or the first chat takes all of them. With --json the whole completion is printed
    at its end.
    """
    model = model or os.environ.get("PENNYWORTH_MODEL", "")
    if not model:
        raise Failure(
            "No model is named. Give --model or set PENNYWORTH_MODEL; `pennyworth models` lists them.", Code.WRONG
        )
    optional = {"max_completion_tokens": max_tokens, "temperature": temperature}
    request = {"model": model, **{name: value for name, value in optional.items() if value is not None}}
    messages: list[Message] = [{"role": "system", "content": system}] if system else []
    asked = " ".join(prompt or ())
    if not sys.stdin.isatty():
        asked = "\n\n".join(filter(None, (asked, _piped())))
    if asked:
        _turn(session, request, [*messages, _of_user(asked)])
    elif sys.stdin.isatty() and not session.out.as_json:
        _talk(session, request, messages)
    else:
        raise Failure("There is nothing to ask. Give a prompt, or write it to stdin.", Code.WRONG)


def _talk(session: Session, request: dict[str, Any], messages: list[Message]) -> None:
    """Turn after turn, until Ctrl-D."""
    session.out.note(f"{request['model']} listens. Ctrl-D ends.")
    while True:
        sys.stderr.write("> ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            session.out.note("")
            return
        if line.strip():
            messages.append(_of_user(line.strip()))
            messages.append({"role": "assistant", "content": _turn(session, request, messages)})


def _turn(session: Session, request: dict[str, Any], messages: list[Message]) -> str:
    """Shows the answer, and returns it."""
    body = {**request, "messages": messages}
    if session.out.as_json:
        found = session.models.post(_PATH, body)
        session.out.json(found)
        return str(found["choices"][0]["message"].get("content") or "")
    with closing(session.models.stream(_PATH, {**body, "stream": True}, _SILENCE_S)) as response:
        said = []
        shown = plain if sys.stdout.isatty() else str
        for text in _texts(events(response)):
            said.append(text)
            session.out.write(shown(text))
    answer = "".join(said)
    if not answer.endswith("\n"):
        session.out.line("")
    return answer


def _texts(chunks: Iterator[dict[str, Any]]) -> Iterator[str]:
    for chunk in chunks:
        for choice in chunk.get("choices", ()):
            delta = choice.get("delta") or {}
            if text := delta.get("content") or delta.get("refusal"):
                yield text


def _of_user(text: str) -> Message:
    return {"role": "user", "content": text}


def _piped() -> str:
    try:
        return sys.stdin.buffer.read().decode().strip()
    except UnicodeDecodeError:
        raise Failure("What is piped in is no UTF-8 text.", Code.WRONG) from None
