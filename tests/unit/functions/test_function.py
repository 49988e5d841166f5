from pathlib import Path
from typing import Any

import pytest

from local.functions.function import Function, function_name
from local.functions.leash import watch

ARN = "arn:aws:lambda:us-east-1:123456789012:function:tiny"


@pytest.mark.parametrize(
    "reference", ["tiny", "tiny:live", ARN, f"{ARN}:live", f"{ARN}:$LATEST", "123456789012:function:tiny"]
)
def test_every_form_of_a_function_name_is_understood(reference: str) -> None:
    assert function_name(reference) == "tiny"


@pytest.mark.parametrize("options", [{"environment": {"A": "x" * 4096}}, {"timeout_s": 0}, {"timeout_s": 901}], ids=str)
def test_what_lambda_would_refuse_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="tiny"):
        Function("tiny", "app.handler", Path(), **options)


def test_a_functions_arn_names_region_and_account() -> None:
    assert Function("tiny", "app.handler", Path()).arn == ARN


def test_the_leash_holds_what_was_not_released() -> None:
    assert watch(["+1\n", "+2\n", "-1\n", "+3\n", "-9\n"]) == {2, 3}
