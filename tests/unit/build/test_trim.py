import re
from collections.abc import Callable
from pathlib import Path

import boto3
import pydantic
import pytest

from tools.trim import REPLACED, SERVICES, trim

ROOT = Path(__file__).parents[3]
CLIENT = re.compile(r"""\.(?:client|resource)\(\s*["']([a-z0-9-]+)["']""")


@pytest.mark.parametrize(
    ("name", "stays"),
    [
        ("botocore/data/endpoints.json", True),
        ("botocore/data/_retry.json", True),
        ("botocore/data/s3/2006-03-01/service-2.json.gz", True),
        ("botocore/data/s3/2006-03-01/examples-1.json", False),
        ("botocore/data/ec2/2016-11-15/service-2.json.gz", False),
        ("boto3/data/ec2/2016-11-15/resources-1.json", False),
        ("boto3/examples/s3.rst", False),
        ("botocore/docs/docstring.py", True),  # botocore.client imports it
        ("pydantic/main.py", True),
        ("pydantic/mypy.py", False),
        ("certifi/cacert.pem", True),
        ("certifi/tests/test_certify.py", False),
        ("six-1.0.dist-info/METADATA", True),
        ("six-1.0.dist-info/RECORD", False),
        ("six-1.0.dist-info/licenses/LICENSE.txt", True),
        ("six-1.0.dist-info/LICENSE", True),
        ("jwt/types.pyi", False),
    ],
)
def test_what_stays_in_the_layer(tmp_path: Path, name: str, stays: bool) -> None:
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).touch()
    trim(tmp_path)
    assert (tmp_path / name).exists() == stays
    assert stays or not any(tmp_path.iterdir()), "empty folders stay behind"


def test_botocore_knows_every_service_named() -> None:
    assert set(boto3.session.Session().get_available_services()) >= SERVICES


def test_every_boto3_client_of_our_code_has_its_data_in_the_layer() -> None:
    sources = [*(ROOT / "services").rglob("*.py"), *(ROOT / "shared").rglob("*.py")]
    named = {name for source in sources for name in CLIENT.findall(source.read_text(encoding="utf-8"))}
    assert named <= SERVICES
    assert CLIENT.findall("session.client('sts', region_name=x)") == ["sts"], "the pattern finds clients"


@pytest.mark.parametrize("name", REPLACED)
def test_what_is_replaced_is_there_and_offers_the_same(tmp_path: Path, name: str) -> None:
    installed = Path(pydantic.__file__).parents[1] / name
    asked_for = {"pydantic/plugin/_loader.py": "get_plugins"}[name]
    assert f"def {asked_for}()" in installed.read_text(encoding="utf-8")
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text("print('searching')")
    trim(tmp_path)
    offered: dict[str, Callable[[], object]] = {}
    exec((tmp_path / name).read_text(), offered)  # noqa: S102 -- our own three words
    assert offered[asked_for]() == ()
