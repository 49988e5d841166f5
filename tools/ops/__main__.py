"""python -m tools.ops COMMAND: see the Makefile, which says each of these with its variables."""

import argparse
import os
import signal
import sys
from pathlib import Path

from tools.ops import environment
from tools.ops.errors import OpsError, UsageError

ROOT = Path(__file__).resolve().parents[2]


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.ops", description="Deploy Pennyworth and look after it")
    parser.add_argument("--root", type=Path, default=ROOT, help="the project (default: the one this belongs to)")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, purpose: str) -> argparse.ArgumentParser:
        each = commands.add_parser(name, help=purpose, description=purpose)
        each.add_argument("--env", default="", help="a folder of terraform/environments")
        return each

    plan = command("plan", "show what deploy would change")
    plan.add_argument("--detailed-exitcode", action="store_true", help="exit with 2 when something would change")
    command("deploy", "build what is outdated, and apply")
    command("destroy", "remove the environment")
    output = command("output", "print the address and the ids")
    output.add_argument("--json", action="store_true", help="as JSON")
    output.add_argument("--name", default="", help="this value alone")
    idle_cost = command("idle-cost", "print what the environment costs while nobody asks")
    idle_cost.add_argument("--json", action="store_true", help="for scripts")
    rollback = command("rollback", "move the functions' aliases back to an earlier release")
    rollback.add_argument("--version", default="", help="a version, or the beginning of a commit; empty for a list")
    admin = command("admin", "make the first administrator; prints shell lines for eval")
    admin.add_argument("--email", default="", help="the address they sign in with")
    admin.add_argument("--group", default="admins", help="the group they are put into")
    bootstrap = commands.add_parser("bootstrap", help="make what an account and Region need once")
    bootstrap.add_argument("--region", default="", help="the AWS Region")
    bootstrap.add_argument("--github", default="", help="the repository that may deploy, owner@id/name@id")
    bootstrap.add_argument("--environments", default="", help="which it may deploy, with commas between")
    bootstrap.add_argument("--mcp-targets", default="", help="ARNs of what may be an MCP server, with commas between")
    return parser.parse_args(argv)


def run(options: argparse.Namespace) -> int:
    """The exit status. Raises OpsError. What a command needs is imported for it alone."""
    if options.command == "bootstrap":
        from tools.ops.bootstrap import bootstrap

        return bootstrap(options.root, options.region, options.github, options.environments, options.mcp_targets)
    found = environment.find(options.root, options.env)
    if options.command in ("plan", "deploy"):
        from tools.ops import changes

        return (
            changes.deploy(found)
            if options.command == "deploy"
            else changes.plan(found, detailed=options.detailed_exitcode)
        )
    if options.command == "destroy":
        from tools.ops.removal import destroy

        return destroy(found)
    if options.command == "output":
        from tools.ops.outputs import output

        return output(found, as_json=options.json, name=options.name)
    if options.command == "idle-cost":
        from tools.idle_cost.idle_cost import idle_cost

        return idle_cost(found.root, found.name, as_json=options.json)
    if options.command == "rollback":
        from tools.ops.rollback import rollback

        return rollback(found, options.version)
    from tools.ops.administrator import admin

    return admin(found, options.email, options.group)


def main() -> int:
    from botocore.exceptions import BotoCoreError, ClientError

    options = arguments()
    options.root = options.root.absolute()
    try:
        return run(options)
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    except OpsError as error:
        print(error, file=sys.stderr)
        return 1
    except (ClientError, BotoCoreError) as error:
        print(f"AWS refused a step of {options.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:  # `make output | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    sys.exit(main())
