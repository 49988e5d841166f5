"""Write what plain pip installs, from `uv.lock`: requirements-dev.txt (all), requirements-layer.txt (the layer)."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXPORTS = {"requirements-dev.txt": ["--all-groups"], "requirements-layer.txt": ["--no-dev"]}


def export(groups: list[str]) -> str:
    """The pinned and hashed requirements of `uv.lock`, without touching the network."""
    uv = Path(sys.executable).with_name("uv")
    options = ["--frozen", "--offline", "--no-emit-project", "--no-annotate", "--no-header", "--python", sys.executable]
    command = [str(uv), "export", "--quiet", *options, *groups]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout  # noqa: S603


def main() -> None:
    for name, groups in EXPORTS.items():
        (ROOT / name).write_text(export(groups))


if __name__ == "__main__":
    main()
