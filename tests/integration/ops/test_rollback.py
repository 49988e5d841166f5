import pytest
from botocore.exceptions import ClientError

from tools.ops import releases
from tools.ops.errors import OpsError
from tools.ops.rollback import move

NAMES = {key: f"pennyworth-local-{key}" for key in ("authorizer", "openai", "mcp", "admin", "ledger")}


class Refusing:
    """Lambda, but it takes no change of one function's alias; `forgets` refuses to put others back, too."""

    def __init__(self, client, name, *, forgets=False):
        self._client, self._name, self._forgets, self._refused = client, name, forgets, False

    def get_alias(self, **wanted):
        return self._client.get_alias(**wanted)

    def update_alias(self, **wanted):
        if wanted["FunctionName"] == self._name or (self._refused and self._forgets):
            self._refused = True
            raise ClientError({"Error": {"Code": "TooManyRequestsException", "Message": "Slow down"}}, "UpdateAlias")
        return self._client.update_alias(**wanted)


def test_a_version_moves_every_alias_and_ends_a_canary(ops, functions, live, everywhere):
    canary = {"AdditionalVersionWeights": {"2": 0.25}}
    functions.update_alias(FunctionName=NAMES["openai"], Name="live", FunctionVersion="3", RoutingConfig=canary)
    done = ops("rollback", "--version", "0.1.0")
    assert (done.returncode, done.stderr) == (0, "")
    assert live() == everywhere("1")
    openai = next(line for line in done.stdout.splitlines() if line.startswith("openai"))
    assert openai.split() == ["openai", "3", "0.2.0", "(cccc333)", "+", "2:", "25%", "1", "0.1.0", "(aaaa111)"]
    assert "The next `make deploy ENV=local` moves forward again." in done.stdout


def test_the_beginning_of_a_commit_tells_releases_of_one_version_apart(ops, live, everywhere):
    assert ops("rollback", "--version", "bbbb222").returncode == 0
    assert live() == everywhere("2")


def test_what_is_live_is_left_alone(ops, live, everywhere):
    done = ops("rollback", "--version", "0.2.0")
    assert (done.returncode, done.stdout) == (0, "0.2.0 (cccc333) is what is live in local: nothing to move.\n")
    assert live() == everywhere("3")


def test_without_a_version_the_releases_are_listed(ops, functions):
    done = ops("rollback")
    listed = [line[:14].split() for line in done.stdout.splitlines()[:3]]
    assert (done.returncode, listed) == (0, [["*", "0.2.0"], ["0.2.0"], ["0.1.0"]])


def test_an_unknown_version_moves_nothing_and_names_the_known_ones(ops, live, everywhere):
    done = ops("rollback", "--version", "9.9.9")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "No release '9.9.9' is there to go back to. Published by all functions: "
        "0.2.0 (cccc333), 0.2.0 (bbbb222), 0.1.0 (aaaa111).\n"
    )
    assert live() == everywhere("3")


def test_a_release_that_one_function_lacks_is_none(ops, functions, live, everywhere):
    functions.delete_function(FunctionName=NAMES["admin"], Qualifier="1")
    assert ops("rollback", "--version", "0.1.0").returncode == 1
    assert live() == everywhere("3")


def test_an_environment_that_is_not_deployed_is_told(ops):
    done = ops("rollback", "--version", "0.1.0")
    assert done.returncode == 1
    assert done.stderr.startswith("There is no function pennyworth-local-authorizer with an alias 'live'")


@pytest.mark.parametrize("key", NAMES)
def test_when_one_alias_cannot_be_moved_all_stay_where_they_were(functions, live, key):
    canary = {"AdditionalVersionWeights": {"2": 0.25}}
    functions.update_alias(FunctionName=NAMES["openai"], Name="live", FunctionVersion="3", RoutingConfig=canary)
    before, there = live(), releases.read(functions, NAMES)
    target = releases.matching(releases.complete(there), "0.1.0")
    with pytest.raises(OpsError, match=rf"^{NAMES[key]} cannot be moved \(.*Slow down.*\); nothing has changed\.$"):
        move(Refusing(functions, NAMES[key]), there, target)
    assert live() == before


def test_an_alias_that_cannot_be_put_back_is_named(functions):
    there = releases.read(functions, NAMES)
    target = releases.matching(releases.complete(there), "0.1.0")
    with pytest.raises(OpsError, match="could not be put back: pennyworth-local-authorizer"):
        move(Refusing(functions, NAMES["openai"], forgets=True), there, target)
