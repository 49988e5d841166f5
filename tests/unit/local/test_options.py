"""What may be said about a run, and what a wrong word is answered with."""

import json
from pathlib import Path

import pytest

from local.options import Options, UsageError, without_aws
from local.providers import Provider


def test_nothing_said_is_the_usual_run() -> None:
    options = Options.of({})
    assert (options.port, options.aws_port, options.state, options.providers) == (8080, None, None, ())
    assert options.folder == Path(".local").absolute()
    assert options.build == options.folder / "build"
    assert not options.real_bedrock
    assert (options.authorizer_ttl_s, options.function_timeout_s) == (None, None)


def test_an_empty_variable_counts_as_none() -> None:
    names = (
        "PORT",
        "AWS_PORT",
        "STATE",
        "BEDROCK",
        "OPENAI_UPSTREAM",
        "OPENAI_UPSTREAM_KEY",
        "PROVIDERS",
        "MCP_SERVERS",
        "PENNYWORTH_LOCAL_DIR",
    )
    assert Options.of(dict.fromkeys(names, "")) == Options.of({})


def test_everything_said_is_heard() -> None:
    options = Options.of(
        {
            "PORT": "0",
            "AWS_PORT": "4567",
            "STATE": "kept",
            "BEDROCK": "aws",
            "OPENAI_UPSTREAM": "http://127.0.0.1:11434/v1/",
            "OPENAI_UPSTREAM_KEY": "sk-1",
            "PENNYWORTH_LOCAL_DIR": "/somewhere",
            "AUTHORIZER_TTL_S": "2",
            "FUNCTION_TIMEOUT_S": "4",
            "REMOTE_IMAGES": "off",
            "MCP_CLIENT_DOCUMENTS": "off",
        }
    )
    assert (options.port, options.aws_port, options.authorizer_ttl_s, options.function_timeout_s) == (0, 4567, 2, 4)
    assert options.state == Path("kept").absolute()
    assert options.build == Path("/somewhere/build")
    assert options.real_bedrock
    assert not options.remote_images
    assert not options.mcp_client_documents
    assert options.providers == (Provider("upstream", "http://127.0.0.1:11434/v1", "sk-1", ("*",)),)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "-1"),
        ("PORT", "65536"),
        ("PORT", "\uff18\uff10"),
        ("AWS_PORT", "4566.0"),
        ("AUTHORIZER_TTL_S", "3601"),
        ("FUNCTION_TIMEOUT_S", "0"),
        ("FUNCTION_TIMEOUT_S", "901"),
        ("BEDROCK", "AWS"),
        ("REMOTE_IMAGES", "no"),
        ("OPENAI_UPSTREAM", "api.openai.com/v1"),
        ("OPENAI_UPSTREAM", "ftp://example.com"),
        ("OPENAI_UPSTREAM_KEY", "sk-1"),
        ("PROVIDERS", "/no/such/file"),
        ("PROVIDERS", "{"),
        ("PROVIDERS", '{"acme": "https://example.com"}'),
        ("PROVIDERS", '{"acme": {"key": "sk-1"}}'),
        ("PROVIDERS", '{"acme": {"url": "https://example.com", "colour": "red"}}'),
        ("PROVIDERS", '{"acme": {"url": "example.com"}}'),
        ("PROVIDERS", '{"../key-pepper": {"url": "https://example.com"}}'),
        ("PROVIDERS", '{"bedrock": {"url": "https://example.com"}}'),
        ("MCP_SERVERS", "/no/such/file"),
        ("MCP_SERVERS", "{"),
        ("MCP_SERVERS", '{"docs": "https://example.com"}'),
        ("MCP_SERVERS", '{"docs": {"url": "https://example.com"}}'),
        ("MCP_SERVERS", '{"../docs": {"type": "http", "url": "https://example.com"}}'),
        ("MCP_SERVERS", '{"docs": {"type": "http", "url": "https://example.com", "secret": "s"}}'),
        ("MCP_SERVERS", '{"docs": {"type": "http", "url": "https://example.com", "auth": {"type": "header"}}}'),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"^{name}"):
        Options.of({name: value})


ACME = {
    "acme": {"url": "https://example.com/v1?api-version=1", "key": "sk-1", "models": ["a*"], "key_header": "api-key"}
}


def test_providers_are_json_or_a_file_of_it(tmp_path: Path) -> None:
    file = tmp_path / "providers.json"
    file.write_text(json.dumps(ACME))
    acme = Provider("acme", "https://example.com/v1?api-version=1", "sk-1", ("a*",), "api-key")
    for given in (json.dumps(ACME), str(file)):
        assert Options.of({"PROVIDERS": given}).providers == (acme,)
    assert "sk-1" not in repr(acme)
    assert acme.settings("/pennyworth/local") == {
        "url": "https://example.com/v1?api-version=1",
        "models": ("a*",),
        "key_header": "api-key",
        "key_parameter": "/pennyworth/local/providers/acme",
    }


def test_a_provider_is_told_of_where_it_is_not_as_most_are() -> None:
    rows = {"usual": {"url": "https://a.example"}, "other": {"url": "https://b.example", "stream_usage": False}}
    usual, other = Options.of({"PROVIDERS": json.dumps(rows)}).providers
    assert usual.settings("/p") == {"url": "https://a.example"}
    assert other.settings("/p") == {"url": "https://b.example", "stream_usage": False}


def test_a_switch_that_is_no_boolean_is_named() -> None:
    with pytest.raises(UsageError, match="acme: stream_usage must be true or false"):
        Options.of({"PROVIDERS": '{"acme": {"url": "https://a.example", "stream_usage": "false"}}'})


def test_a_provider_that_cannot_be_shows_no_key() -> None:
    with pytest.raises(UsageError) as caught:
        Options.of({"PROVIDERS": '{"acme": {"key": "sk-secret"}}'})
    assert "sk-secret" not in str(caught.value)


def test_the_upstreams_key_is_not_shown_when_the_url_is_missing() -> None:
    with pytest.raises(UsageError) as caught:
        Options.of({"OPENAI_UPSTREAM_KEY": "sk-secret"})
    assert "sk-secret" not in str(caught.value)


def test_a_stand_in_knows_nothing_of_the_developers_aws() -> None:
    given = {"AWS_PROFILE": "p", "AWS_ENDPOINT_URL": "u", "MOTO_ACCOUNT_ID": "1", "PATH": "/bin", "HOME": "/h"}
    assert without_aws(given) == {"PATH": "/bin", "HOME": "/h"}


def test_groups_may_be_given_rates() -> None:
    rates = {"restricted": {"per_s": 0.5, "burst": 10}}
    assert Options.of({"RATES": json.dumps(rates)}).rates == rates


@pytest.mark.parametrize(
    "text",
    [
        "fast",
        "[]",
        '{"restricted": 5}',
        '{"restricted": {"per_s": 5}}',
        '{"restricted": {"per_s": 0, "burst": 1}}',
        '{"restricted": {"per_s": 1, "burst": 0}}',
        '{"restricted": {"per_s": 1, "burst": 1.5}}',
        '{"restricted": {"per_s": "1", "burst": 1}}',
    ],
)
def test_rates_that_are_none_are_answered_with_how_to_say_them(text: str) -> None:
    with pytest.raises(UsageError, match=r'RATES: it is JSON by group, such as .*"per_s": 5'):
        Options.of({"RATES": text})
