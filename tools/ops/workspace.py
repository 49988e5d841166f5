"""An environment with everything a Terraform command needs, checked before anything is changed."""

from dataclasses import dataclass
from typing import Any

from tools.ops import account, state
from tools.ops.account import Account
from tools.ops.environment import Environment
from tools.ops.errors import OpsError
from tools.ops.terraform import Terraform


@dataclass(frozen=True, slots=True)
class Workspace:
    environment: Environment
    account: Account
    terraform: Terraform

    def deployed(self, *needed: str) -> dict[str, Any]:
        """Terraform's outputs. Raises OpsError when nothing is deployed, or too little to have the needed ones."""
        outputs, name = self.terraform.outputs(), self.environment.name
        if not outputs:
            raise OpsError(f"Nothing is deployed in '{name}' yet: run `make deploy ENV={name}`.")
        if missing := ", ".join(each for each in needed if each not in outputs):
            raise OpsError(f"'{name}' is deployed in part, {missing} is missing: run `make deploy ENV={name}` again.")
        return outputs


def opened(environment: Environment, **variables: str) -> Workspace:
    """The workspace, initialised. `variables`: values for Terraform beside those in the files.

    Raises OpsError, the cheapest check first.
    """
    terraform = Terraform(environment.folder, {f"TF_VAR_{name}": value for name, value in variables.items()})
    signed_in = account.of(environment)
    state.initialise(terraform, environment, signed_in)
    return Workspace(environment, signed_in, terraform)
