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

    def deployed(self) -> dict[str, Any]:
        """Terraform's outputs. Raises OpsError when nothing is deployed."""
        outputs = self.terraform.outputs()
        if not outputs:
            name = self.environment.name
            raise OpsError(f"Nothing is deployed in '{name}' yet: run `make deploy ENV={name}`.")
        return outputs


def opened(environment: Environment, **variables: str) -> Workspace:
    """The workspace, initialised. `variables`: values for Terraform beside those in the files.

    Raises OpsError, the cheapest check first.
    """
    terraform = Terraform(environment.folder, {f"TF_VAR_{name}": value for name, value in variables.items()})
    signed_in = account.of(environment)
    state.initialise(terraform, environment, signed_in)
    return Workspace(environment, signed_in, terraform)
