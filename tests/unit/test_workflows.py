"""The workflows: valid by GitHub's schema, pinned, with few rights, and asking make for what it has."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github/actions").glob("*/action.yml"))
SCHEMAS = {
    "github-workflows": WORKFLOWS,
    "github-actions": ACTIONS,
    "dependabot": [ROOT / ".github/dependabot.yml"],
}
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
# What a workflow may be told from outside. Roles and Regions are no secrets, and a key is the one thing that is.
VARIABLES = {"AWS_REGION", "AWS_PLAN_ROLE_ARN", "AWS_DEPLOY_ROLE_ARN"}
SECRETS = {"SMOKE_KEY"}
LIMIT_S = 60


def tool(name, *arguments):
    command = [Path(sys.executable).with_name(name), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)


def load(path):
    # YAML 1.1 reads the key `on` as true.
    content = yaml.safe_load(path.read_text())
    return {"on" if key is True else key: value for key, value in content.items()}


def jobs(name):
    return load(ROOT / f".github/workflows/{name}.yml")["jobs"]


def commands():
    """(workflow, command) of every call of make in a step."""
    for path in WORKFLOWS:
        for job in load(path)["jobs"].values():
            for step in job.get("steps", []):
                for call in re.findall(r"\bmake [^|;)\n]*", step.get("run", "")):
                    yield path.name, call


@pytest.mark.parametrize("schema", SCHEMAS)
def test_every_file_is_valid_by_the_published_schema(schema):
    done = tool("check-jsonschema", "--builtin-schema", f"vendor.{schema}", *SCHEMAS[schema])
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_linter_for_security_finds_nothing():
    done = tool("zizmor", "--offline", "--no-progress", "--quiet", ROOT / ".github")
    assert done.returncode == 0, done.stdout + done.stderr


def test_actions_of_others_are_pinned_by_commit_and_say_their_version():
    for path in (*WORKFLOWS, *ACTIONS):
        for line in re.findall(r"uses: *(.*)", path.read_text()):
            assert re.fullmatch(r"\./\.github/\S+|[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_one_action_has_one_version():
    pins = {}
    for path in (*WORKFLOWS, *ACTIONS):
        for name, pin in re.findall(r"uses: *([\w./-]+)@(.*)", path.read_text()):
            pins.setdefault(name, set()).add(pin)
    assert all(len(versions) == 1 for versions in pins.values()), pins


def test_what_they_ask_of_make_is_there():
    asked = list(commands())
    assert {call.split()[-1] for _, call in asked} >= {"build", "test"}
    for name, call in asked:
        words = [word for word in call.split()[1:] if not word.startswith(("-", "2>"))]
        assert words[0] in TARGETS, f"{name}: make {words[0]}"
        for variable in re.findall(r"\b([A-Z_]+)=", call):
            assert f"$({variable})" in MAKEFILE or f"{variable}=" in MAKEFILE, f"{name}: {variable}="


def test_they_are_told_no_secret_but_the_key_of_the_smoke_checks():
    for path in (*WORKFLOWS, *ACTIONS):
        text = path.read_text()
        assert set(re.findall(r"\bsecrets\.(\w+)", text)) <= SECRETS
        assert set(re.findall(r"\bvars\.(\w+)", text)) <= VARIABLES
        assert "secrets: inherit" not in text
        assert not re.search(r"aws-(secret-)?access-key", text)


def test_a_token_for_aws_is_only_where_aws_is_reached():
    for path in WORKFLOWS:
        workflow = load(path)
        assert workflow["permissions"] == {"contents": "read"}
        for job in workflow["jobs"].values():
            reaches = any("configure-aws-credentials" in step.get("uses", "") for step in job.get("steps", []))
            rights = {"contents": "read", "id-token": "write"} if reaches else None
            assert job.get("permissions") == rights


def test_nothing_runs_with_rights_over_what_others_propose():
    for path in WORKFLOWS:
        assert not {"pull_request_target", "workflow_run", "issue_comment"} & load(path)["on"].keys()
    assert "head.repo.full_name == github.repository" in jobs("deploy")["plan"]["if"]


def test_every_job_has_a_limit_and_keeps_no_token_of_git():
    for path in WORKFLOWS:
        for job in load(path)["jobs"].values():
            if "uses" in job:
                continue
            assert 0 < job["timeout-minutes"] <= 60
            checkouts = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
            assert [step["with"]["persist-credentials"] for step in checkouts] == [False]


def test_only_what_passed_the_tests_is_deployed():
    assert jobs("deploy")["deploy"]["needs"] == "test"
    assert jobs("deploy")["test"]["uses"] == "./.github/workflows/test.yml"
    # main and tags are tested once, by the deployment; every other push by itself.
    assert load(ROOT / ".github/workflows/deploy.yml")["on"]["push"] == {"branches": ["main"], "tags": ["v*"]}
    assert load(ROOT / ".github/workflows/test.yml")["on"]["push"] == {"branches-ignore": ["main"]}


def test_a_deployment_is_never_cut_off_and_waits_for_the_environments_approval():
    deploy = jobs("deploy")["deploy"]
    assert deploy["concurrency"]["cancel-in-progress"] is False
    assert deploy["environment"] == deploy["env"]["ENVIRONMENT"]
    for environment in ("dev", "prod"):
        assert f"'{environment}'" in deploy["environment"]


def test_a_deployment_that_fails_its_checks_goes_back_to_what_ran_before():
    steps = jobs("deploy")["deploy"]["steps"]
    order = [step.get("run", step.get("uses", "")) for step in steps]
    applied, checked, back = (
        next(i for i, run in enumerate(order) if f"make {t}" in run) for t in ("deploy", "smoke", "rollback")
    )
    assert applied < checked < back
    assert next(i for i, step in enumerate(steps) if step.get("id") == "before") < applied
    assert "SHA=" in order[checked]
    for each in (applied, checked):
        assert f"steps.{steps[each]['id']}.outcome == 'failure'" in steps[back]["if"]
    assert "steps.before.outputs.sha != ''" in steps[back]["if"]


@pytest.mark.parametrize(
    ("answers", "sha"),
    [("""echo '{"git_sha": "abc"}'""", "abc"), ("echo '<html>'", ""), ("exit 22", "")],
    ids=["what runs answers", "something else answers", "what runs is broken"],
)
def test_what_runs_now_can_be_repaired_though_it_does_not_answer(tmp_path, answers, sha):
    for name, does in {"make": "echo https://api.example.com/v1", "curl": answers}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    # Python stands in for jq, which a developer's machine may lack.
    jq = "import json, sys; print(json.load(sys.stdin)['git_sha'])"
    (tmp_path / "jq").write_text(f'#!/bin/sh\nexec {sys.executable} -c "{jq}"\n')
    (tmp_path / "jq").chmod(0o755)
    (before,) = [step["run"] for step in jobs("deploy")["deploy"]["steps"] if step.get("id") == "before"]
    said = tmp_path / "output"
    path = f"{tmp_path}:{os.environ['PATH']}"
    environment = {"PATH": path, "GITHUB_OUTPUT": str(said), "ENVIRONMENT": "dev"}
    done = subprocess.run(
        ["bash", "-e", "-c", before], env=environment, capture_output=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 0
    assert said.read_text() == f"sha={sha}\n"


def test_a_plan_holds_no_lock_that_a_deployment_would_wait_for():
    assert jobs("deploy")["plan"]["env"]["TF_CLI_ARGS_plan"] == "-lock=false"
