"""Simon Willison's `llm`, the program, with settings of its own that name the gateway's models."""

import base64
import json
import os
import subprocess
import sys

import pytest
import yaml

LIMIT_S = 60
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
CLOCK = "def get_weather(city: str) -> str:\n    'The weather in a city'\n    return f'rain in {city}'\n"
COMMAND = "import sys; from llm.cli import cli; sys.argv[0] = 'llm'; cli()"


@pytest.fixture
def llm(gateway, tmp_path):
    """Run it as a person would who has told it of the gateway; its output."""
    models = [
        {
            "model_id": f"pw/{name}",
            "model_name": name,
            "api_base": gateway.base_url,
            "api_key_name": "pennyworth",
            "vision": True,
            "supports_schema": True,
            "supports_tools": True,
            **more,
        }
        for name, more in (
            (gateway.model, {}),
            ("nova-lite", {}),
            ("claude-sonnet-4.5", {"can_stream": False}),
        )
    ]
    models += [{**model, "model_id": f"{model['model_id']}/responses", "responses": True} for model in models]
    models.append(
        {"model_id": "pw/older", "model_name": "nova-lite", "api_base": gateway.base_url, "completion": True}
        | {"api_key_name": "pennyworth"}
    )
    (tmp_path / "extra-openai-models.yaml").write_text(yaml.safe_dump(models))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LLM_USER_PATH": str(tmp_path),
        "NO_PROXY": "127.0.0.1",
        # Nothing else is to be reached from here: whoever tries gets no further than a closed port.
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
    }

    def run(*arguments, stdin=None, code=0):
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, *arguments],
            env=environment,
            cwd=tmp_path,
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout if code == 0 else done.stderr

    run("keys", "set", "pennyworth", "--value", gateway.api_key)
    return run


def test_the_gateways_models_are_listed(llm, gateway):
    assert f"pw/{gateway.model}" in llm("models", "list")


RESPONSES = [f"{model}/responses" for model in ("claude-haiku-4.5", "nova-lite", "claude-sonnet-4.5")]


@pytest.mark.parametrize("model", ["claude-haiku-4.5", "claude-sonnet-4.5", "older", *RESPONSES])
def test_a_prompt_is_answered(llm, model):
    # The older API's answers are 16 tokens long where nothing is said of it.
    assert "rivers" in llm("-m", f"pw/{model}", "-o", "max_tokens", "100", "Tell me about rivers, please.")


@pytest.mark.parametrize("model", ["nova-lite", "nova-lite/responses"])
def test_a_conversation_is_continued_with_its_system_prompt(llm, model):
    llm("-m", f"pw/{model}", "-s", "Be brief.", "Tell me about rivers, please.")
    told = llm("-c", "And about lakes?")
    assert "lakes" in told
    assert "turn number 2" in told


def test_a_chat_takes_turns(llm):
    told = llm("chat", "-m", "pw/nova-lite", stdin="Tell me about rivers.\nAnd about lakes?\nexit\n")
    assert "rivers" in told
    assert "turn number 2" in told


def test_options_and_standard_input_reach_the_model(llm):
    told = llm("-m", "pw/nova-lite", "-o", "max_tokens", "3", "Count to 50.")
    assert "1" in told
    assert "50" not in told
    assert "a piped text" in llm("-m", "pw/nova-lite", "Sum up.", stdin="This is a piped text.")


@pytest.mark.parametrize("model", ["claude-haiku-4.5", "nova-lite", *RESPONSES])
def test_a_schema_shapes_the_answer(llm, model):
    told = llm("-m", f"pw/{model}", "--schema", "name, age int", 'The name is "Ada", age: 36.')
    assert json.loads(told) == {"name": "Ada", "age": 36}


@pytest.mark.parametrize("model", ["nova-lite", "claude-sonnet-4.5", *RESPONSES])
def test_a_function_of_ones_own_is_called(llm, model):
    told = llm("-m", f"pw/{model}", "--functions", CLOCK, "--td", 'Call get_weather for "Oslo".')
    assert "rain in Oslo" in told


def test_a_tool_that_it_has_is_called(llm):
    assert "llm_version returned" in llm("-m", "pw/nova-lite", "-T", "llm_version", "Call llm_version.")


@pytest.mark.parametrize("model", ["nova-lite", "nova-lite/responses"])
def test_an_image_is_seen(llm, tmp_path, model):
    (tmp_path / "dot.png").write_bytes(PNG)
    assert f"image (png, {len(PNG)} bytes)" in llm("-m", f"pw/{model}", "-a", "dot.png", "What is this?")


@pytest.mark.parametrize("model", ["claude-haiku-4.5", "claude-haiku-4.5/responses"])
def test_what_was_used_is_logged(llm, model):
    llm("-m", f"pw/{model}", "Tell me about rivers, please.")
    (entry,) = json.loads(llm("logs", "list", "--json"))
    assert entry["input_tokens"] > 0
    assert entry["output_tokens"] > 0


def test_a_refusal_is_told_in_words(llm):
    said = llm("-m", "pw/claude-haiku-4.5", "-o", "presence_penalty", "1", "Hi", code=1)
    assert "presence_penalty" in said
