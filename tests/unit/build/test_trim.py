import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import boto3
import pydantic
import pytest

from tools.trim import PATCHED, REPLACED, SERVICES, trim

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


INSTALLED = Path(pydantic.__file__).parents[1]


@pytest.mark.parametrize("name", PATCHED)
def test_each_piece_that_is_patched_is_there_once(name: str) -> None:
    text = (INSTALLED / name).read_text(encoding="utf-8")
    assert [text.count(piece) for piece in PATCHED[name]] == [1] * len(PATCHED[name])


@pytest.fixture(scope="module")
def patched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("patched")
    for package in {name.split("/", 1)[0] for name in PATCHED}:
        shutil.copytree(INSTALLED / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    trim(folder)
    return folder


def run(folder: Path, code: str) -> str:
    code = f"import sys; sys.path.insert(0, {str(folder)!r})\n{code}"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout


def test_core_schemas_are_the_same_dicts_without_their_types(patched: Path) -> None:
    code = """
from pydantic_core import core_schema as made
import pydantic_core
assert pydantic_core.__file__.startswith(sys.path[0])
config = made.CoreConfig(title="one", strict=True)
print(type(config) is dict, config, made.str_schema(max_length=3))
print(issubclass(made.ModelField, dict), made.CoreSchema.__args__[0].__name__)
"""
    told = "True {'title': 'one', 'strict': True} {'type': 'str', 'max_length': 3}\nFalse InvalidSchema\n"
    assert run(patched, code) == told


def test_models_validate_and_refuse_as_they_did(patched: Path) -> None:
    code = """
from typing import Annotated, Literal
from pydantic import BaseModel, ConfigDict, Field, ValidationError
class One(BaseModel):
    model_config = ConfigDict(strict=True) | ConfigDict(extra="forbid")
    kind: Literal["a", "b"]
    many: Annotated[list[int], Field(max_length=2)] = []
print(One.model_validate({"kind": "a", "many": [1]}).model_dump_json())
try:
    One.model_validate({"kind": "c", "many": [1, 2, 3]})
except ValidationError as error:
    print([each["type"] for each in error.errors()])
try:
    One.model_validate({"kind": "a", "more": 1})
except ValidationError as error:
    print(error.errors()[0]["type"], One.model_config)
try:
    class Two(One, odd=1):
        pass
except TypeError:
    print("no such setting")
print(list(One.model_json_schema()["properties"]))
"""
    assert run(patched, code).splitlines() == [
        '{"kind":"a","many":[1]}',
        "['literal_error', 'too_long']",
        "extra_forbidden {'strict': True, 'extra': 'forbid'}",
        "no such setting",
        "['kind', 'many']",
    ]


def test_a_logger_comes_without_jmespath_and_still_finds_what_a_path_names(patched: Path) -> None:
    code = """
import json
from types import SimpleNamespace
from aws_lambda_powertools import Logger
print("jmespath" in sys.modules)
logger = Logger(service="one")
@logger.inject_lambda_context(correlation_id_path="headers.id")
def handler(event, context):
    print(logger.get_correlation_id())
names = ("function_name", "memory_limit_in_mb", "invoked_function_arn", "aws_request_id")
handler({"headers": {"id": "seven"}}, SimpleNamespace(**dict.fromkeys(names, "1")))
"""
    assert run(patched, code) == "False\nseven\n"
