"""How a function becomes a command: with the options that all have, and with one way to fail."""

import inspect
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from pennyworth_cli import __version__
from pennyworth_cli.failure import Code, Failure
from pennyworth_cli.session import Session

# What a text where a number belongs, a list where an object does, or a time beyond the calendar comes to.
_ODD = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)

Command = Callable[..., None]

Endpoint = Annotated[
    str,
    typer.Option(
        "--endpoint", metavar="URL", help="The gateway's base URL; else PENNYWORTH_ENDPOINT, else the profile's."
    ),
]
ProfileName = Annotated[
    str,
    typer.Option(
        "--profile", metavar="NAME", help="Which gateway of yours; else PENNYWORTH_PROFILE, else `profiles use`'s."
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print the gateway's own JSON: an object, or an array for a list.")
]

_SHARED = {"endpoint": (Endpoint, ""), "profile": (ProfileName, ""), "as_json": (AsJson, False)}


def group(summary: str) -> typer.Typer:
    """A group of commands. Help is plain text: it is a page of the documentation too, and errors are one line."""
    return typer.Typer(
        help=summary,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def command(group: typer.Typer, name: str) -> Callable[[Command], Command]:
    """Register a function of a Session and its own options. Its docstring is the help."""

    def register(function: Command) -> Command:
        group.command(name)(_shared(function))
        return function

    return register


def _shared(function: Command) -> Command:
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in _SHARED.items()
    ]
    context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    keywords = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own]

    def run(*, context: typer.Context, endpoint: str, profile: str, as_json: bool, **given: Any) -> None:
        before: dict[str, str] = context.find_root().obj or {}
        session = Session(profile or before.get("profile", ""), endpoint or before.get("endpoint", ""), as_json)
        try:
            _called(function, session, given)
        except Failure as failure:
            sys.stdout.flush()
            session.out.note(f"pennyworth: {failure}")
            raise typer.Exit(int(failure.code)) from None
        except KeyboardInterrupt:
            session.out.note("")
            raise
        finally:
            session.http.close()

    run.__signature__ = inspect.Signature([context, *keywords, *shared])  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in [context, *keywords, *shared]}
    run.__doc__, run.__name__ = function.__doc__, function.__name__
    return run


def _called(function: Command, session: Session, given: dict[str, Any]) -> None:
    """Raises Failure also for an answer that is not what the contract promises."""
    try:
        function(session, **given)
    except KeyError as error:
        raise _unlike(f"The answer lacks {error}") from None
    except _ODD as error:
        raise _unlike(f"The answer holds what it should not ({type(error).__name__}: {error})") from None


def _unlike(told: str) -> Failure:
    return Failure(
        f"{told}: this program ({__version__}) and the gateway may be of different versions. `pennyworth status` tells "
        "the gateway's.",
        Code.FAILED,
    )
