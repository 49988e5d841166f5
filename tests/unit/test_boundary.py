"""The boundary of the roles that deploy roles make: what the modules' roles may do, and nothing else."""

import re
from pathlib import Path

MODULES = Path(__file__).resolve().parents[2] / "terraform" / "modules"
ACTION = re.compile(
    r'"((?:bedrock|bedrock-agentcore|cognito-identity|cognito-idp|execute-api|iam|lambda|logs|s3|ssm|xray):[A-Z]\w+)"'
)
# Where the policies of the functions' and the groups' roles are written.
ROLES = ("function/main.tf", "identity/main.tf", "pennyworth/functions.tf")


def test_the_boundary_allows_what_the_roles_may_do_and_nothing_else():
    allowed = set(ACTION.findall((MODULES / "bootstrap" / "boundary.tf").read_text()))
    asked = {action for name in ROLES for action in ACTION.findall((MODULES / name).read_text())}
    # Conditions have names of the same form.
    assert allowed == asked - {"bedrock:GuardrailIdentifier", "bedrock:InferenceProfileArn"}
