"""Where Terraform keeps what it knows: the account's bucket for state, or a file beside the environment."""

from pathlib import Path

from botocore.exceptions import ClientError

from tools.ops.account import Account
from tools.ops.environment import Environment
from tools.ops.errors import OpsError
from tools.ops.terraform import Terraform

_UNSAVED = "errored.tfstate"  # Terraform's name for it


def bucket(account: Account) -> str:
    """The bucket that `make bootstrap` makes, one for an account and Region."""
    return f"pennyworth-state-{account.id}-{account.region}"


def check_saved(folder: Path) -> None:
    """Raises OpsError when a state could not be written to its bucket: to go on would forget what it says."""
    if (folder / _UNSAVED).exists():
        raise OpsError(
            f"The last run could not save its state; it lies in {folder / _UNSAVED}. Before anything else: "
            f"cd {folder} && terraform state push {_UNSAVED} && rm {_UNSAVED}"
        )


def initialise(terraform: Terraform, environment: Environment, account: Account) -> None:
    """`terraform init`, quietly. Raises OpsError when it fails, there is no bucket, or a state waits to be saved."""
    check_saved(environment.folder)
    if environment.backend == "s3":
        if not exists(account):
            raise OpsError(
                f"There is no bucket {bucket(account)} for the state yet: run `make bootstrap REGION={account.region}`,"
                " once for an account and Region."
            )
        use(terraform, account)
    else:
        # -reconfigure: the backend is always said here in full, what was said before does not matter
        terraform.read("init", "-input=false", "-reconfigure", "-no-color")


def use(terraform: Terraform, account: Account) -> None:
    """`terraform init` with the account's bucket."""
    settings = (f"-backend-config=bucket={bucket(account)}", f"-backend-config=region={account.region}")
    terraform.read("init", "-input=false", "-reconfigure", "-no-color", *settings)


def exists(account: Account) -> bool:
    """Whether the bucket is there and this account's. Raises OpsError when it is another's, or not ours to see."""
    try:
        account.client("s3").head_bucket(Bucket=bucket(account), ExpectedBucketOwner=account.id)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return False
        raise OpsError(
            f"The bucket {bucket(account)} cannot be read ({error.response['Error'].get('Code')}): the credentials "
            "lack s3:ListBucket on it, or it belongs to another account."
        ) from None
    return True
