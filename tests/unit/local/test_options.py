"""What may be said about a run, and what a wrong word is answered with."""

from pathlib import Path

import pytest

from local.options import Options, UsageError, without_aws


def test_nothing_said_is_the_usual_run() -> None:
    options = Options.of({})
    assert (options.port, options.aws_port, options.state, options.upstream) == (8080, None, None, None)
    assert options.folder == Path(".local").absolute()
    assert options.build == options.folder / "build"
    assert not options.real_bedrock
    assert (options.authorizer_ttl_s, options.function_timeout_s) == (None, None)


def test_an_empty_variable_counts_as_none() -> None:
    names = ("PORT", "AWS_PORT", "STATE", "BEDROCK", "OPENAI_UPSTREAM", "OPENAI_UPSTREAM_KEY", "PENNYWORTH_LOCAL_DIR")
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
        }
    )
    assert (options.port, options.aws_port, options.authorizer_ttl_s, options.function_timeout_s) == (0, 4567, 2, 4)
    assert options.state == Path("kept").absolute()
    assert options.build == Path("/somewhere/build")
    assert options.real_bedrock
    assert not options.remote_images
    assert options.upstream == ("http://127.0.0.1:11434/v1", "sk-1")


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
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"^{name}"):
        Options.of({name: value})


def test_the_upstreams_key_is_not_shown_when_the_url_is_missing() -> None:
    with pytest.raises(UsageError) as caught:
        Options.of({"OPENAI_UPSTREAM_KEY": "sk-secret"})
    assert "sk-secret" not in str(caught.value)


def test_a_stand_in_knows_nothing_of_the_developers_aws() -> None:
    given = {"AWS_PROFILE": "p", "AWS_ENDPOINT_URL": "u", "MOTO_ACCOUNT_ID": "1", "PATH": "/bin", "HOME": "/h"}
    assert without_aws(given) == {"PATH": "/bin", "HOME": "/h"}
