"""The env file and what the screen says: both are pasted into shells."""

import json
import shlex
import subprocess
from pathlib import Path

from local.announcement import Access, announcement, env_file, variables

ACCESS = Access("http://127.0.0.1:8080/v1", "sk-pw-abc", "a.b.c")
AWKWARD = {"A": 'it\'s $HOME `id` "x" \\ ; #', "B": "", "C": "two\nlines", "D": "=x=y"}


def test_the_env_file_says_what_a_client_needs_one_a_line() -> None:
    lines = env_file(ACCESS.variables).splitlines()
    assert lines == [
        "export OPENAI_BASE_URL=http://127.0.0.1:8080/v1",
        "export OPENAI_API_KEY=sk-pw-abc",
        "export PENNYWORTH_ADMIN_TOKEN=a.b.c",
        "export PENNYWORTH_MCP_URL=http://127.0.0.1:8080/v1/mcp",
        "export PENNYWORTH_MODEL=claude-haiku-4.5",
        "export PENNYWORTH_EMBEDDING_MODEL=titan-embed-text-v2",
    ]


def test_a_shell_reads_back_every_value(tmp_path: Path) -> None:
    (tmp_path / "env").write_text(env_file(AWKWARD))
    script = f". {tmp_path}/env; " + "; ".join(f'printf "%s\\0" "${name}"' for name in AWKWARD)
    read = subprocess.run(["/bin/sh", "-c", script], capture_output=True, check=True, env={}).stdout
    assert read.decode().split("\0")[:-1] == list(AWKWARD.values())


def test_the_env_file_is_read_back_and_strange_lines_are_passed_over() -> None:
    kept = {name: value for name, value in AWKWARD.items() if "\n" not in value}
    assert variables(env_file(kept)) == kept
    assert variables("# note\nexport 'unfinished\nexport\nset A=1\nexport X=1 Y=2\nexport OK=1\n") == {"OK": "1"}


def test_the_examples_can_be_pasted() -> None:
    said = announcement(ACCESS, ".local/env", ["a note"])
    for value in (ACCESS.base_url, ACCESS.api_key, ACCESS.admin_token, ACCESS.mcp_url, "a note"):
        assert value in said
    command = said[said.index("  curl ") : said.index("\n\nor in Python")].replace("\\\n", " ")
    words = shlex.split(command)
    assert words[1] == "http://127.0.0.1:8080/v1/chat/completions"
    assert json.loads(words[-1])["model"] == "claude-haiku-4.5"
    python = "\n".join(line[2:] for line in said[said.index("  from openai") :].splitlines())
    compile(python, "example", "exec")
