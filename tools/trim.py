"""What the layer leaves out of its dependencies: what no function of ours ever opens."""

import shutil
from fnmatch import fnmatchcase
from pathlib import Path

# The services called through boto3, off the hot path. botocore's data describes over 400; a client of any other
# raises UnknownServiceError, and a test finds clients in our code that this list has no word of.
SERVICES = frozenset(
    {
        "apigateway",
        "bedrock",
        "bedrock-runtime",
        "cognito-identity",
        "cognito-idp",
        "lambda",
        "logs",
        "s3",
        "ssm",
        "sts",
    }
)

# Folders with one subfolder a service. Files beside those (partitions, endpoints, retry rules) serve every client.
_PER_SERVICE = ("botocore/data", "boto3/data")

# Shell patterns over paths below the layer's `python`, where * also crosses slashes; each with who would miss it.
_UNUSED = (
    "boto3/examples/*",  # documentation
    "botocore/data/*/examples-1.json",  # documentation
    "botocore/cacert.pem",  # botocore prefers certifi, which the layer has; two trust stores are one too many
    "cffi/*",  # compiles bindings; cryptography only loads _cffi_backend
    "pycparser/*",  # cffi's parser, likewise
    "pydantic/mypy.py",  # type checkers
    "*/swagger_ui/*.js",  # Powertools' documentation page, which we do not enable
    "*/swagger_ui/*.css",
    "*/tests/*",
    "*/py.typed",  # type checkers
    "*.pyi",
    "*.h",  # compilers
    "*.pxd",
)

# Modules that the layer needs less of than they do: what stands in for them.
REPLACED = {
    # Looks through every distribution's entry points for pydantic plugins, and loads importlib.metadata and zipfile for
    # that: a tenth of the openai function's cold start. The layer has no plugin.
    "pydantic/plugin/_loader.py": "def get_plugins():\n    return ()\n",
}

# Modules of which some lines cost more than they bring: those lines, and what stands in for them.
_TYPED_DICT = """\
if sys.version_info < (3, 12):
    from typing_extensions import TypedDict
else:
    from typing import TypedDict
"""
# Makes the same dicts, and classes whose annotations nobody reads.
_PLAIN_DICT = """\
class TypedDict:
    def __new__(cls, *args, **kwargs):
        return dict(*args, **kwargs)

    def __init_subclass__(cls, **kwargs):
        pass
"""
PATCHED = {
    # These classes are for type checkers, and making them parses each of their annotations: a tenth of the openai
    # function's cold start.
    "pydantic_core/core_schema.py": {_TYPED_DICT: _PLAIN_DICT},
    "pydantic/config.py": {
        "from typing_extensions import TypedDict, Unpack": "from typing_extensions import Unpack",
        "\nif TYPE_CHECKING:\n": f"\n{_PLAIN_DICT}\n\nif TYPE_CHECKING:\n",
    },
    "pydantic/fields.py": {
        "import Self, TypedDict, TypeForm": "import Self, TypeForm",
        "\nif TYPE_CHECKING:\n": f"\n{_PLAIN_DICT}\n\nif TYPE_CHECKING:\n",
    },
    # Only events whose correlation id is asked for by a path want jmespath, and gzip with it: here none are.
    "aws_lambda_powertools/logging/logger.py": {
        "from aws_lambda_powertools.utilities import jmespath_utils\n": "",
        "            if correlation_id_path:\n": "            if correlation_id_path:\n"
        "                from aws_lambda_powertools.utilities import jmespath_utils\n\n",
    },
}

# Of a .dist-info, importlib.metadata reads METADATA; licences ask to travel with the code. The rest is pip's.
_KEPT_METADATA = ("METADATA", "LICEN[CS]E*", "NOTICE*", "COPYING*", "AUTHORS*", "licenses/*")


def trim(python: Path) -> None:
    """Delete from a folder of installed packages what the functions do not need."""
    for name, text in REPLACED.items():
        if (python / name).exists():
            (python / name).write_text(text, encoding="utf-8")
    for name, pieces in PATCHED.items():
        if (python / name).exists():
            text = (python / name).read_text(encoding="utf-8")
            for old, new in pieces.items():
                text = text.replace(old, new)
            (python / name).write_text(text, encoding="utf-8")
    for folder in _PER_SERVICE:
        for service in (python / folder).glob("*/"):
            if service.name not in SERVICES:
                shutil.rmtree(service)
    for path in sorted(python.rglob("*"), reverse=True):  # children before their folder
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif _unused(path.relative_to(python)):
            path.unlink()


def _unused(path: Path) -> bool:
    top, _, rest = path.as_posix().partition("/")
    if top.endswith(".dist-info"):
        return not any(fnmatchcase(rest, pattern) for pattern in _KEPT_METADATA)
    return any(fnmatchcase(path.as_posix(), pattern) for pattern in _UNUSED)
