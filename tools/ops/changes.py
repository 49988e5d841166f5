"""`plan` and `deploy`: what would change, and changing it."""

import sys

from tools.ops import account, artifacts, sources
from tools.ops.environment import Environment
from tools.ops.errors import OpsError
from tools.ops.switches import on
from tools.ops.workspace import Workspace, opened

PLAN = ".terraform/plan"  # below the environment's folder, where nothing is committed


def plan(environment: Environment, *, detailed: bool) -> int:
    """Terraform's exit status: with `detailed`, 2 when something would change."""
    workspace = opened(environment, git_sha=sources.git_sha(environment.root))
    artifacts.ensure(environment)
    options = ["-input=false", f"-out={PLAN}", *(["-detailed-exitcode"] if detailed else [])]
    return workspace.terraform.show("plan", *options)


def deploy(environment: Environment) -> int:
    """Apply, after Terraform's own question; its exit status. Raises OpsError before anything is changed."""
    agreed = approval()
    sha = sources.git_sha(environment.root)
    sources.check_committed(environment, sha)
    workspace = opened(environment, git_sha=sha)
    account.check_boundary(environment, workspace.account)
    artifacts.ensure(environment)
    status = workspace.terraform.show("apply", *agreed)
    if status == 0:
        _announce(workspace)
    return status


def approval() -> list[str]:
    """Terraform's options for a change that wants a yes: asked at the terminal, or given by AUTO_APPROVE=1."""
    if on("AUTO_APPROVE"):
        return ["-input=false", "-auto-approve"]
    if not sys.stdin.isatty():
        raise OpsError("There is no terminal to approve the change at: AUTO_APPROVE=1 approves it beforehand.")
    return []


def _announce(workspace: Workspace) -> None:
    outputs, name = workspace.deployed(), workspace.environment.name
    print(
        f"""
{outputs["version"]} ({sources.short(outputs["git_sha"])}) is deployed to {name}:
  {outputs["base_url"]}

The first administrator of a new installation:
  eval "$(make -s admin ENV={name} EMAIL=you@example.com)"
Back to an earlier release:
  make rollback ENV={name}      lists them; VERSION=… moves there""",
        flush=True,
    )
