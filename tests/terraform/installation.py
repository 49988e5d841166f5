"""A root module as Terraform makes it in the stand-in of AWS, and what Terraform then knows of it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_QUIET = ("-input=false", "-no-color")


@dataclass(frozen=True)
class Resource:
    address: str
    type: str
    values: dict[str, Any]


class Installation:
    def __init__(self, terraform, folder: Path, aws_url: str) -> None:
        self._terraform, self._folder = terraform, folder
        self._aws = {"AWS_ENDPOINT_URL": aws_url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        self._aws["AWS_REGION"] = "us-east-1"  # where the configuration names none
        self._run("init", *_QUIET)

    def apply(self, *options: str) -> None:
        self._run("apply", "-auto-approve", *_QUIET, *options)

    def plan(self, *options: str) -> dict[str, Any]:
        """Against the state, without a look at AWS: what a change of the configuration alone would do."""
        self._run("plan", "-refresh=false", "-out=plan", *_QUIET, *options)
        return json.loads(self._run("show", "-json", "plan"))

    def resources(self) -> list[Resource]:
        """What the state holds: everything is known."""
        return list(_below(json.loads(self._run("show", "-json"))["values"]["root_module"]))

    def _run(self, *arguments: str) -> str:
        return self._terraform(*arguments, cwd=self._folder, **self._aws).stdout


def planned(plan: dict[str, Any]) -> list[Resource]:
    """What a plan leads to; values that AWS decides are absent."""
    return list(_below(plan["planned_values"]["root_module"]))


def changes(plan: dict[str, Any]) -> dict[str, list[str]]:
    """Address → actions, of everything that would not stay as it is."""
    found = {each["address"]: each["change"]["actions"] for each in plan["resource_changes"]}
    return {address: actions for address, actions in found.items() if actions not in (["no-op"], ["read"])}


def _below(module: dict[str, Any]) -> Iterator[Resource]:
    for each in module.get("resources", []):
        if each["mode"] == "managed":
            yield Resource(each["address"], each["type"], each.get("values", {}))
    for child in module.get("child_modules", []):
        yield from _below(child)
