"""What CKAN needs once: tables, the DataStore's permissions, a sysadmin with a token, a search index."""

from __future__ import annotations

import subprocess

from components import SOLR, ckan_environment, psql
from configuration import ckan_schema
from install import run
from layout import HERE, Stack, StackError, fingerprint, write_private
from processes import plain_environment

#: the sysadmin of the stack
ADMIN = "admin"


def ckan_command(stack: Stack, *arguments: str) -> list[str]:
    """Return the command line of CKAN's own command."""
    return [str(stack.layout.venv / "bin" / "ckan"), "-c", str(stack.layout.ini), *arguments]


def _ckan(stack: Stack, *arguments: str) -> None:
    run(stack, ckan_command(stack, *arguments), **ckan_environment(stack))


def _answer(stack: Stack, *arguments: str) -> str:
    """Run CKAN's command and return what it prints."""
    done = subprocess.run(
        ckan_command(stack, *arguments),
        stdin=subprocess.DEVNULL,
        env=plain_environment(**ckan_environment(stack)),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise StackError(
            f"ckan {' '.join(arguments)} が失敗しました", f"ckan {' '.join(arguments)} failed:\n{done.stderr.strip()}"
        )
    return done.stdout


def _mark(stack: Stack, name: str, made_from: str) -> None:
    (stack.layout.data / f"{name}.done").write_text(made_from)


def _marked(stack: Stack, name: str, made_from: str) -> bool:
    mark = stack.layout.data / f"{name}.done"
    return mark.exists() and mark.read_text() == made_from


def _software() -> str:
    return fingerprint(HERE / "requirements.txt", HERE / "ckan.ini")


def has_tables(stack: Stack) -> bool:
    """Tell whether the tables are those of this CKAN and these plugins."""
    return _marked(stack, "tables", _software())


def make_tables(stack: Stack) -> None:
    """Run CKAN's and its plugins' migrations and set the DataStore's permissions; both can be run again."""
    _ckan(stack, "db", "init")
    psql(stack, "datastore_default", _answer(stack, "datastore", "set-permissions"))
    _mark(stack, "tables", _software())


def has_admin(stack: Stack) -> bool:
    """Tell whether the token of the sysadmin is known."""
    return stack.layout.token.exists()


def make_admin(stack: Stack) -> None:
    """Create the sysadmin and a token, which CKAN prints once."""
    if not psql(stack, "ckan_default", f"""SELECT 1 FROM "user" WHERE name = '{ADMIN}'"""):
        password = stack.choices.secret(ADMIN)
        _ckan(stack, "user", "add", ADMIN, f"password={password}", f"email={ADMIN}@localhost.localdomain")
    _ckan(stack, "sysadmin", "add", ADMIN)
    write_private(stack.layout.token, _answer(stack, "user", "token", "add", "--quiet", ADMIN, "stack").strip())


def _index(stack: Stack) -> str:
    return f"{SOLR.version(stack)} {fingerprint(ckan_schema(stack))} {stack.layout.solr_home.stat().st_ino}"


def has_index(stack: Stack) -> bool:
    """Tell whether the search index was made by this Solr from this schema in this folder."""
    return _marked(stack, "index", _index(stack))


def make_index(stack: Stack) -> None:
    """Index what the database holds."""
    _ckan(stack, "search-index", "rebuild")
    _mark(stack, "index", _index(stack))
