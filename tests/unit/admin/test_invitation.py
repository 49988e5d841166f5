"""An invite is good for as long as the temporary password that Cognito mailed."""

import re
from pathlib import Path

from local.pools import _PASSWORDS
from services.admin.invitation import VALID_S

IDENTITY = Path(__file__).parents[3] / "terraform" / "modules" / "identity" / "main.tf"
DAY_S = 86400


def test_an_invite_lasts_as_long_as_its_password():
    (days,) = re.findall(r"temporary_password_validity_days\s*=\s*(\d+)", IDENTITY.read_text())
    assert VALID_S == int(days) * DAY_S == _PASSWORDS["TemporaryPasswordValidityDays"] * DAY_S
