"""The plan of a folder of Terraform configuration against an empty account."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.offline.aws import stand_in
from tools.offline.project import copy
from tools.ops.environment import find
from tools.ops.errors import OpsError

Plan = dict[str, Any]

_LIMIT_S = 300  # a busy machine included
# Neither the environment's state nor its account is needed to know what it would make.
_OVERRIDE = """
terraform {
  backend "local" {}
}

provider "aws" {
  allowed_account_ids = null
}
"""


def of_environment(root: Path, environment: str, variables: Mapping[str, str] | None = None) -> Plan:
    """`terraform show -json` of all that `environment` would make. `variables`: as TF_VAR_*. Raises OpsError."""
    find(root, environment)
    with tempfile.TemporaryDirectory(prefix="pennyworth-plan-") as folder:
        return of_folder(copy(root, Path(folder) / "project") / "terraform" / "environments" / environment, variables)


def of_folder(folder: Path, variables: Mapping[str, str] | None = None) -> Plan:
    """The same of any root module. Writes into `folder`."""
    (folder / "offline_override.tf").write_text(_OVERRIDE)
    with stand_in() as aws:
        settings = {**_clean(), **{f"TF_VAR_{name}": value for name, value in (variables or {}).items()}, **aws}
        _run(folder, settings, "init", "-input=false", "-no-color")
        _run(folder, settings, "plan", "-input=false", "-no-color", "-lock=false", "-refresh=false", "-out=plan")
        return dict(json.loads(_run(folder, settings, "show", "-json", "plan")))


def _clean() -> dict[str, str]:
    """This process's environment without anything of an account or a caller's Terraform options in it."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_CLI_ARGS", "TF_VAR_"))
    }
    return kept | {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}


def _run(folder: Path, settings: Mapping[str, str], *arguments: str) -> str:
    terraform = shutil.which("terraform")
    if terraform is None:
        raise OpsError("terraform is not installed: see https://developer.hashicorp.com/terraform/install")
    try:
        done = subprocess.run(  # noqa: S603 - our own configuration, no shell
            [terraform, *arguments],
            cwd=folder,
            env=dict(settings),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise OpsError(f"terraform {arguments[0]} did not end within {_LIMIT_S} seconds") from None
    if done.returncode != 0:
        raise OpsError(f"terraform {arguments[0]} failed:\n{(done.stderr or done.stdout).strip()}")
    return done.stdout
