"""What a newcomer needs, on the screen and in a file that a shell can source. Pure."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

MODEL = "claude-haiku-4.5"
EMBEDDING_MODEL = "titan-embed-text-v2"


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach the running system."""

    base_url: str
    api_key: str
    admin_token: str

    @property
    def mcp_url(self) -> str:
        return f"{self.base_url}/mcp"

    @property
    def variables(self) -> dict[str, str]:
        return {
            "OPENAI_BASE_URL": self.base_url,
            "OPENAI_API_KEY": self.api_key,
            "PENNYWORTH_ADMIN_TOKEN": self.admin_token,
            "PENNYWORTH_MCP_URL": self.mcp_url,
            "PENNYWORTH_MODEL": MODEL,
            "PENNYWORTH_EMBEDDING_MODEL": EMBEDDING_MODEL,
        }


def env_file(variables: Mapping[str, str]) -> str:
    """One `export NAME=value` a line, quoted for a shell."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())


def variables(env_file: str) -> dict[str, str]:
    """What an env file says; lines that are none of ours are passed over."""
    found = {}
    for line in env_file.splitlines():
        try:
            words = shlex.split(line)
        except ValueError:
            continue
        if len(words) == 2 and words[0] == "export" and "=" in words[1]:
            name, _, value = words[1].partition("=")
            found[name] = value
    return found


def announcement(access: Access, env_path: str, notes: list[str]) -> str:
    """What `make run` ends its start with. `notes`: what this run should know besides."""
    return "\n".join(
        [
            "",
            f"  base URL     {access.base_url}",
            f"  API key      {access.api_key}",
            f"  admin token  {access.admin_token}",
            f"  MCP URL      {access.mcp_url}",
            "",
            *notes,
            "",
            "Try it:",
            "",
            f"  curl {access.base_url}/chat/completions \\",
            f"    -H 'Authorization: Bearer {access.api_key}' -H 'Content-Type: application/json' \\",
            f"""    -d '{{"model": "{MODEL}", "messages": [{{"role": "user", "content": "Hello!"}}]}}'""",
            "",
            f"or in Python, after `. {shlex.quote(env_path)}` and `pip install openai`:",
            "",
            "  from openai import OpenAI",
            """  messages = [{"role": "user", "content": "Tell me about rivers."}]""",
            f"""  chunks = OpenAI().chat.completions.create(model="{MODEL}", messages=messages, stream=True)""",
            "  for chunk in chunks:",
            """      print(chunk.choices[0].delta.content or "", end="", flush=True)""",
            "",
        ]
    )
