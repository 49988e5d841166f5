"""What the rehearsal finds left in an account."""

from collections.abc import Callable
from typing import Any

from local.plan import plan
from local.provision import Aws, provision
from tools.rehearsal.remains import remains


def test_an_untouched_account_is_empty_and_an_installation_is_found(starts: Callable[..., Any]) -> None:
    with starts() as url:
        aws = Aws(url, "us-east-1")
        assert list(remains(aws)) == []
        provision(aws, plan(), version="1", git_sha="abc")
        aws("logs").create_log_group(logGroupName="/stray")
        aws("cloudwatch").put_dashboard(DashboardName="stray", DashboardBody='{"widgets": []}')
        left = set(remains(aws))
    assert {
        "cloudwatch: stray",
        "cognito-identity: pennyworth-local",
        "cognito-idp: pennyworth-local",
        "iam: pennyworth-local-function-openai",
        "iam: pennyworth-local-group-admins",
        "logs: /stray",
        "ssm: /pennyworth/local/key-pepper",
    } <= left
