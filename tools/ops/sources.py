"""Which sources are deployed: the commit, and whether the files differ from it."""

import os
import subprocess
from pathlib import Path

from tools.ops.environment import Environment
from tools.ops.errors import OpsError
from tools.ops.switches import on

UNKNOWN = "unknown"
_DIRTY = "-dirty"
_VARIABLE = "TF_VAR_git_sha"  # Terraform's own name for a value from outside


def git_sha(root: Path) -> str:
    """The commit checked out, `-dirty` behind it when files differ from it; `unknown` outside of git.

    TF_VAR_git_sha overrules: whoever sets it knows better.
    """
    if given := os.environ.get(_VARIABLE):
        return given
    head = _git(root, "rev-parse", "HEAD")
    if head is None:
        return UNKNOWN
    return head + (_DIRTY if _git(root, "status", "--porcelain") else "")


def check_committed(environment: Environment, sha: str) -> None:
    """Raises OpsError where only committed sources may go, and these are not."""
    if environment.important and (sha == UNKNOWN or sha.endswith(_DIRTY)) and not on("ALLOW_DIRTY"):
        what = "this is no git checkout" if sha == UNKNOWN else "files here differ from the commit (`git status`)"
        raise OpsError(f"'{environment.name}' takes committed sources only, and {what}: commit, or set ALLOW_DIRTY=1.")


def short(sha: str) -> str:
    commit, dirty, _ = sha.partition(_DIRTY)
    return (commit if commit == UNKNOWN else commit[:7]) + dirty


def _git(root: Path, *arguments: str) -> str | None:
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
