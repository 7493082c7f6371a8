"""PostgreSQL's cluster, and the roles and databases that CKAN and its DataStore need."""

from __future__ import annotations

import shutil

from components import database_account, psql
from debian import postgresql_programs
from install import run
from layout import Stack, StackError

#: database -> owner; both roles and both names are those of CKAN's documentation
_DATABASES = ("ckan_default", "datastore_default")
_ROLES = ("ckan_default", "datastore_default")


def cluster_exists(stack: Stack) -> bool:
    """Tell whether the cluster is complete.

    Raises
    ------
    StackError
        If it was made by another major version of PostgreSQL than the one installed.
    """
    made_by = stack.layout.cluster / "PG_VERSION"
    if not stack.layout.cluster.exists():
        return False
    made, installed = made_by.read_text().strip(), postgresql_programs().parent.name
    if installed.isdigit() and made != installed:
        raise StackError(
            f"データベースは PostgreSQL {made} で作られ、いまは {installed} です。reset で作り直してください",
            f"The cluster was made by PostgreSQL {made}, installed is {installed}; make it anew with reset",
        )
    return True


def make_cluster(stack: Stack) -> None:
    """Run initdb as an account that is not root, beside the final place, and move the result there."""
    account = database_account()
    partial = stack.layout.cluster.with_suffix(".partial")
    password = stack.layout.cluster.with_suffix(".password")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    password.touch(mode=0o600)
    password.write_text(stack.choices.secret("postgres"))
    if account:
        shutil.chown(partial, account, account)
        shutil.chown(password, account, account)
    options = ["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"]
    run(stack, [postgresql_programs() / "initdb", *options, f"--pwfile={password}", "-D", partial], account=account)
    password.unlink()
    partial.rename(stack.layout.cluster)


def require_passage(stack: Stack) -> None:
    """Check that the account that PostgreSQL runs as can pass through to the folder of the stack.

    Raises
    ------
    StackError
        Names the folder on the way that is closed to it.
    """
    account = database_account()
    closed = [step for step in stack.layout.root.parents if step.exists() and not step.stat().st_mode & 0o001]
    if account and closed:
        raise StackError(
            f"PostgreSQLを動かす利用者 {account} は {closed[-1]} を通れません。--folder で別の場所を指定してください",
            f"The account {account}, which PostgreSQL runs as, cannot pass {closed[-1]}; choose another --folder",
        )


def databases_exist(stack: Stack) -> bool:
    """Tell whether both databases are there; each is made after its roles."""
    found = psql(stack, "postgres", "SELECT datname FROM pg_database").split()
    return set(_DATABASES) <= set(found)


def make_databases(stack: Stack) -> None:
    """Create the roles, with the passwords of the folder, and the databases that are missing."""
    for role in _ROLES:
        exists = psql(stack, "postgres", f"SELECT 1 FROM pg_roles WHERE rolname = '{role}'")
        verb = "ALTER" if exists else "CREATE"
        psql(stack, "postgres", f"{verb} ROLE {role} LOGIN PASSWORD '{stack.choices.secret(role)}'")
    for database in _DATABASES:
        if not psql(stack, "postgres", f"SELECT 1 FROM pg_database WHERE datname = '{database}'"):
            psql(stack, "postgres", f"CREATE DATABASE {database} OWNER ckan_default TEMPLATE template0")
