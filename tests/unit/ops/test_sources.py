import subprocess

import pytest

from tools.ops import environment, sources
from tools.ops.errors import OpsError

COMMIT = "a" * 40


def git(folder, *arguments):
    identity = ("-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "file").write_text("committed")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "First")
    return folder


def test_a_clean_tree_is_its_commit(checkout):
    assert sources.git_sha(checkout) == git(checkout, "rev-parse", "HEAD")


@pytest.mark.parametrize("file", ["file", "new"])
def test_a_changed_tree_is_dirty(checkout, file):
    (checkout / file).write_text("changed")
    assert sources.git_sha(checkout) == git(checkout, "rev-parse", "HEAD") + "-dirty"


def test_outside_of_git_nothing_is_known(tmp_path):
    assert sources.git_sha(tmp_path) == "unknown"


@pytest.mark.parametrize("sha", ["unknown", f"{COMMIT}-dirty"])
def test_production_takes_committed_sources_only(project, sha):
    with pytest.raises(
        OpsError, match=r"^'prod' takes committed sources only, and .*: commit, or set ALLOW_DIRTY=1\.$"
    ):
        sources.check_committed(environment.find(project, "prod"), sha)


@pytest.mark.parametrize(("name", "sha"), [("prod", COMMIT), ("dev", f"{COMMIT}-dirty"), ("dev", "unknown")])
def test_other_environments_and_commits_pass(project, name, sha):
    sources.check_committed(environment.find(project, name), sha)


@pytest.mark.parametrize(
    ("sha", "short"), [(COMMIT, "aaaaaaa"), (f"{COMMIT}-dirty", "aaaaaaa-dirty"), ("unknown", "unknown")]
)
def test_a_commit_is_shown_short(sha, short):
    assert sources.short(sha) == short
