import shutil
import subprocess
import sys
from pathlib import Path

import aws_lambda_powertools
import pytest

from tools.lazy import LAZY, lazy, make_lazy

SOURCE = '''
"""What it is."""

from __future__ import annotations

import os
from .shape import Circle, Square as Box
from place.town import Street
from .used import helper
from .everything import *

__all__ = ["Box", "Circle", "Street"]

helper(os)
'''


def test_re_exports_are_deferred_and_what_the_module_uses_stays():
    text = lazy(SOURCE)
    assert "from .used import helper" in text
    assert "from .everything import *" in text
    assert "import os" in text
    assert text.startswith('"""What it is."""')
    assert "from .shape" not in text
    for name, target in {
        "Circle": (".shape", "Circle"),
        "Box": (".shape", "Square"),
        "Street": ("place.town", "Street"),
    }.items():
        assert f"{name!r}: {target!r}" in text


@pytest.fixture(scope="module")
def powertools(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lazy")
    installed = Path(aws_lambda_powertools.__file__).parent
    shutil.copytree(installed, folder / installed.name, ignore=shutil.ignore_patterns("__pycache__"))
    make_lazy(folder)
    return folder


def run(folder, code):
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); {code}"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.mark.parametrize("package", LAZY)
def test_every_name_a_lazy_package_offers_can_still_be_imported(powertools, package):
    assert (powertools / package / "__init__.py").read_text().count("_LAZY") > 1
    module = package.replace("/", ".")
    code = f"import {module} as m; print(m.__file__, all(getattr(m, name) is not None for name in m.__all__))"
    assert run(powertools, code) == f"{powertools / package / '__init__.py'} True\n"


def test_a_name_it_does_not_offer_is_not_there(powertools):
    code = "import aws_lambda_powertools.event_handler as m; print(hasattr(m, 'Nothing'))"
    assert run(powertools, code) == "False\n"


def test_the_rest_resolver_comes_without_its_siblings(powertools):
    code = "from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response; print(*sys.modules)"
    loaded = run(powertools, code).split()
    assert "aws_lambda_powertools.event_handler.api_gateway" in loaded
    assert "aws_lambda_powertools.event_handler.appsync" not in loaded
    assert "asyncio" not in loaded
