"""Lambda's managed Python runtime, set up on this machine: interpreter, bootstrap, command line and environment."""

import importlib.metadata
import os
import sys
import tempfile
from importlib.metadata import PackageNotFoundError
from pathlib import Path

from local.functions.function import Function

_RUNTIME_PACKAGES = ("awslambdaric", "simplejson", "snapshot-restore-py")
# Of the parent's environment only these go on: what says where programs are and how text is encoded. HOME is not one
# of them: a developer's ~/.aws would reach the function.
_KEPT = ("PATH", "LANG", "LC_ALL")


class Runtime:
    """What stands in /var/lang and /var/runtime.

    Functions run under the base interpreter, not the virtual environment's: a package that the layer forgot must be
    missing here as it would be on Lambda. The only packages beside the layer's are those AWS's own bootstrap consists
    of, linked into a folder that comes last on PYTHONPATH, so that the layer's copy of anything wins.
    """

    def __init__(self, folder: Path) -> None:
        self.python = getattr(sys, "_base_executable", sys.executable)
        self._packages = folder / "runtime"
        self._packages.mkdir()
        self._bootstrap = _link_bootstrap(self._packages)

    def command(self, function: Function) -> list[str]:
        """The stock command line, handed to the function's exec wrapper if it has one, as Lambda does."""
        # -S: what a developer installed into the base interpreter is as far out of reach as the virtual environment.
        stock = [self.python, "-S", *self._bootstrap, function.handler]
        wrapper = function.environment.get("AWS_LAMBDA_EXEC_WRAPPER")
        if not wrapper:
            return stock
        if wrapper.startswith("/opt/") and function.layer is not None:
            wrapper = str(function.layer / wrapper.removeprefix("/opt/"))
        return [wrapper, *stock]

    def environment(self, function: Function, address: str, scratch: Path) -> dict[str, str]:
        """The whole environment of the process. `scratch` is its own /tmp and HOME, `address` its Runtime API."""
        layer = [function.layer / "python"] if function.layer else []
        path = [function.code, *layer, self._packages]
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        lambdas_own = {
            "AWS_LAMBDA_RUNTIME_API": address,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{version}",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": scratch.name,
            "AWS_REGION": function.region,
            "AWS_DEFAULT_REGION": function.region,
            "LAMBDA_TASK_ROOT": str(function.code),
            "LAMBDA_RUNTIME_DIR": str(self._packages),
            "_HANDLER": function.handler,
            "TZ": ":UTC",
        }
        ours = {
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
            "PYTHONPATH": os.pathsep.join(map(str, path)),
            # /var/task and /opt are read-only on Lambda: bytecode that was not shipped is not kept.
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONNOUSERSITE": "1",
        }
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        kept["PATH"] = os.pathsep.join(filter(None, [str(Path(self.python).parent), kept.get("PATH")]))
        return {"LANG": "C.UTF-8", **kept, **function.environment, **lambdas_own, **function.credentials, **ours}

    def scratch(self) -> Path:
        """A new folder that stands for one environment's /tmp."""
        return Path(tempfile.mkdtemp(prefix="environment-", dir=self._packages.parent))


def _link_bootstrap(folder: Path) -> list[str]:
    """Link AWS's bootstrap into the folder; returns the interpreter's arguments that start it.

    awslambdaric has no wheel for macOS; a bootstrap of ours of the same behaviour stands in where it is missing.
    """
    try:
        files = [file for name in _RUNTIME_PACKAGES for file in importlib.metadata.files(name) or []]
    except PackageNotFoundError:
        return [str(Path(__file__).parent / "bootstrap.py")]
    tops = {file.parts[0]: Path(str(file.locate())).parents[len(file.parts) - 1] for file in files}
    for top, site in tops.items():
        if not top.endswith((".dist-info", "..", "__pycache__")):
            (folder / top).symlink_to(site / top)
    return ["-m", "awslambdaric"]
