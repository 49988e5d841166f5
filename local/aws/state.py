"""Users, groups, keys, usage plans, parameters and buckets across restarts: moto's backends in one file.

The file is a header line and a pickle. It holds passwords and secrets, so it is written for its owner alone (0600), and
nothing else is ever read: a file of another owner, of wider permissions or of another make is moved aside with a
message and never unpickled. Unpickling finds moto's classes, this package's and a few plain ones, nothing else.
"""

import contextlib
import fcntl
import importlib
import os
import pickle
import stat
import time
from pathlib import Path
from typing import Any

import moto

_HEADER = f"pennyworth local state 1, moto {moto.__version__}\n".encode()

# The services whose state is kept: where moto holds their backends. Sessions (sts) are temporary and are not kept.
_KEPT = {
    "cognito-idp": ("moto.cognitoidp.models", "cognitoidp_backends"),
    "cognito-identity": ("moto.cognitoidentity.models", "cognitoidentity_backends"),
    "iam": ("moto.iam.models", "iam_backends"),
    "ssm": ("moto.ssm.models", "ssm_backends"),
    "s3": ("moto.s3.models", "s3_backends"),
    "apigateway": ("local.aws.rest_api", "apigateway_backends"),
}
_OUR_PACKAGES = ("moto.", "local.aws.")
_PLAIN = {
    "builtins": {"bytearray", "dict", "frozenset", "list", "object", "set", "tuple"},
    "collections": {"OrderedDict", "defaultdict", "deque"},
    "copyreg": {"_reconstructor"},
    "datetime": {"date", "datetime", "timedelta", "timezone"},
    "re": {"_compile"},
    "uuid": {"UUID"},
    "_codecs": {"encode"},
}


class UnusableError(Exception):
    """Why a file is not ours to read."""


class InUseError(Exception):
    """Another process keeps its state in the file."""


class StateFile:
    def __init__(self, path: Path) -> None:
        """Raises InUseError, and OSError for a folder that cannot be written."""
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Given up when this process ends, however it ends.
        self._lock = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise InUseError(f"{path} is in use by another process") from None

    def release(self) -> None:
        os.close(self._lock)

    def restore(self) -> str | None:
        """Put back what was kept. A message, when there was a file that could not be used: it was moved aside."""
        try:
            kept = self._read()
        except FileNotFoundError:
            return None
        except UnusableError as reason:
            aside = self.path.with_name(f"{self.path.name}.unusable-{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}")
            self.path.rename(aside)
            return f"{self.path} {reason}; it was moved to {aside} and the state starts afresh"
        for service, accounts in kept.items():
            for account, regions in accounts.items():
                for region, fields in regions.items():
                    _put(_backends(service)[account][region], fields)
        return None

    def save(self) -> None:
        """Write the state as it is now. A crash leaves the old file or the new one, never a part."""
        beside = self.path.with_name(f"{self.path.name}.new")
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(_HEADER)
            pickle.dump(_snapshot(), file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)

    def _read(self) -> dict[str, Any]:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise UnusableError(f"cannot be read ({error.strerror})") from None
        with os.fdopen(descriptor, "rb") as file:
            _check_ours(os.fstat(descriptor))
            if file.readline(256) != _HEADER:
                raise UnusableError("is not a state file of this version")
            try:
                kept: dict[str, Any] = _Unpickler(file).load()
            except (pickle.UnpicklingError, EOFError, LookupError, AttributeError, TypeError, ValueError) as error:
                raise UnusableError(f"is damaged ({error})") from None
        return kept


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module.startswith(_OUR_PACKAGES):
            found = getattr(importlib.import_module(module), name, None)
            if isinstance(found, type) and found.__module__.startswith(_OUR_PACKAGES):
                return found
        elif name in _PLAIN.get(module, ()):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"it names {module}.{name}")


def _check_ours(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UnusableError("is not a regular file")
    if status.st_uid != os.getuid():
        raise UnusableError("belongs to another user")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise UnusableError("may be read or written by others (its mode should be 0600)")


def _backends(service: str) -> Any:
    module, name = _KEPT[service]
    return getattr(importlib.import_module(module), name)


def _snapshot() -> dict[str, Any]:
    """service → account → region → what its backend holds."""
    return {
        service: {
            account: {region: _taken(backend) for region, backend in regions.items()}
            for account, regions in _backends(service).items()
        }
        for service in _KEPT
    }


def _taken(backend: Any) -> dict[str, Any]:
    # SSM's backend holds closures, and its dictionary of parameters cannot be made anew from a pickle.
    if hasattr(backend, "_parameters"):
        return {"_parameters": dict(backend._parameters)}
    return dict(vars(backend))


def _put(backend: Any, fields: dict[str, Any]) -> None:
    if "_parameters" in fields:
        backend._parameters.update(fields["_parameters"])
    else:
        vars(backend).update(fields)
