"""An environment as its folder below terraform/environments says it: values and a backend."""

import difflib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.ops.errors import OpsError, UsageError

ENVIRONMENTS = Path("terraform/environments")
VALUES = "terraform.tfvars.json"
LOCAL = "local"  # for the stand-in of AWS, never for AWS itself

_NAME = re.compile(r"[a-z][a-z0-9-]{0,14}[a-z0-9]")  # as the variable `environment` takes it
_BACKEND = re.compile(r'^\s*backend\s+"(\w+)"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Environment:
    name: str
    root: Path  # of the project
    values: dict[str, Any]
    backend: str  # s3 or local

    @property
    def folder(self) -> Path:
        return self.root / ENVIRONMENTS / self.name

    @property
    def file(self) -> Path:
        """The values, as a message names them."""
        return ENVIRONMENTS / self.name / VALUES

    @property
    def region(self) -> str:
        return str(self.values["region"])

    @property
    def account_id(self) -> str | None:
        """The only account it may be deployed to, when the values name one."""
        return self.values.get("account_id")

    @property
    def architecture(self) -> str:
        return str(self.values.get("architecture", "arm64"))

    @property
    def bounded(self) -> bool:
        """Whether its roles are made below the boundary of `make bootstrap`."""
        return bool(self.values.get("permissions_boundary", True))

    @property
    def prefix(self) -> str:
        return f"pennyworth-{self.name}"

    @property
    def parameters(self) -> str:
        """The path below which its parameters lie."""
        return f"/pennyworth/{self.name}"

    @property
    def important(self) -> bool:
        """Whether only committed sources may be deployed to it."""
        return self.name.startswith("prod")


def find(root: Path, name: str) -> Environment:
    """Raises UsageError when there is no such environment, OpsError when its files are not usable."""
    known = names(root)
    if not name:
        raise UsageError(f"Which environment? Add ENV=, one of: {', '.join(known)}.")
    if name not in known:
        raise UsageError(_unknown(name, known))
    values = _values(root, ENVIRONMENTS / name / VALUES)
    if values.get("environment") != name:
        raise OpsError(
            f'{ENVIRONMENTS / name / VALUES}: "environment" is {json.dumps(values.get("environment"))}, but the folder '
            f'is named {name}: write "{name}", or two environments would share their names in AWS.'
        )
    check_region(values.get("region"), f"{ENVIRONMENTS / name / VALUES}: ")
    return Environment(name, root, values, _backend(root, name))


def _unknown(name: str, known: list[str]) -> str:
    said = f"There is no environment '{name}': {ENVIRONMENTS} has {', '.join(known)}."
    if near := difflib.get_close_matches(name, known, 1):
        return f"{said} Did you mean {near[0]}?"
    if not _NAME.fullmatch(name):
        return said
    copy = f"cp -RP {ENVIRONMENTS}/dev {ENVIRONMENTS}/{name}"
    return f"{said} To add one, {copy}, then change its values and the key in its backend.tf."


def names(root: Path) -> list[str]:
    """Raises OpsError when the project has no environments."""
    found = sorted(folder.name for folder in (root / ENVIRONMENTS).glob("[!.]*/"))
    if not found:
        raise OpsError(f"{root / ENVIRONMENTS} has no environment: run this in a checkout of the project.")
    return found


def check_region(region: Any, place: str = "") -> None:
    """Raises OpsError for a Region without Bedrock, as far as the installed boto3 knows."""
    from botocore.loaders import create_loader
    from botocore.regions import EndpointResolver

    # botocore's tables; a session would want the shell's profile to exist first
    known = EndpointResolver(create_loader().load_data("endpoints")).get_available_endpoints("bedrock")
    if region in known:
        return
    if not isinstance(region, str):
        raise OpsError(f'{place}"region" is {json.dumps(region)}: write the name of an AWS Region, such as us-east-1.')
    near = difflib.get_close_matches(region, known, 3)
    raise OpsError(
        f"{place}Amazon Bedrock is in no Region '{region}'. "
        + (f"Did you mean {' or '.join(near)}?" if near else f"It is in {', '.join(known)}.")
    )


def _values(root: Path, file: Path) -> dict[str, Any]:
    try:
        values = json.loads((root / file).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise OpsError(f"{file} is missing: copy {ENVIRONMENTS}/dev/{VALUES} there and change its values.") from None
    except UnicodeDecodeError as error:
        raise OpsError(f"{file} is not UTF-8: {error.reason} at byte {error.start}.") from None
    except json.JSONDecodeError as error:
        raise OpsError(f"{file}, line {error.lineno}, column {error.colno}: no valid JSON: {error.msg}.") from None
    except OSError as error:
        raise OpsError(f"{file} cannot be read: {error.strerror}.") from None
    if not isinstance(values, dict):
        raise OpsError(f"{file} has to hold a JSON object: variable names and their values.")
    return values


def _backend(root: Path, name: str) -> str:
    for file in sorted((root / ENVIRONMENTS / name).glob("*.tf")):
        if found := _BACKEND.search(file.read_text(encoding="utf-8")):
            return found[1]
    raise OpsError(f"{ENVIRONMENTS / name} names no backend for its state: copy backend.tf from {ENVIRONMENTS}/dev.")
