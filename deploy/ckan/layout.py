"""Where the stack keeps everything: one folder, with the ports and passwords that were chosen for it.

``venv/`` and ``solr/`` are installed software; ``data/`` is what the site holds and ``reset`` removes; ``run/`` has one
record for each process that was started; ``log/`` has one file for each process and one for the installation. A folder
that is complete carries a ``.done`` file with the fingerprint of what it was made from, so that a start that was
interrupted goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import socket
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
DONE = ".done"


class StackError(Exception):
    """Something is in the way of the stack; the message says what and what to do."""

    #: exit status of the command
    status = 1

    def __init__(self, ja: str, en: str) -> None:
        super().__init__(f"{ja}\n{en}")


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths below the folder of one stack."""

    #: the folder, absolute
    root: Path

    @property
    def venv(self) -> Path:
        """CKAN's virtual environment."""
        return self.root / "venv"

    @property
    def solr_jars(self) -> Path:
        """Solr and what it needs, as jars."""
        return self.root / "solr" / "lib"

    @property
    def data(self) -> Path:
        """Everything that ``reset`` removes."""
        return self.root / "data"

    @property
    def cluster(self) -> Path:
        """PostgreSQL's cluster."""
        return self.data / "postgresql"

    @property
    def solr_home(self) -> Path:
        """Solr's cores."""
        return self.data / "solr"

    @property
    def storage(self) -> Path:
        """Uploaded files."""
        return self.data / "storage"

    @property
    def token(self) -> Path:
        """API token of the sysadmin."""
        return self.data / "token"

    @property
    def ini(self) -> Path:
        """CKAN's configuration."""
        return self.root / "ckan.ini"

    @property
    def redis_conf(self) -> Path:
        """Redis' configuration."""
        return self.root / "redis.conf"

    def log(self, name: str) -> Path:
        """Return the log of one process, or of the installation."""
        return self.root / "log" / f"{name}.log"

    def record(self, name: str) -> Path:
        """Return the record of one process."""
        return self.root / "run" / f"{name}.json"

    def make(self) -> None:
        """Create the folders; PostgreSQL's user must be able to pass through to its cluster, nobody needs to list."""
        for folder in (self.root, self.data):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o711)
        for folder in (self.root / "log", self.root / "run", self.solr_jars.parent, self.storage):
            folder.mkdir(exist_ok=True)


@dataclass(slots=True)
class Choices:
    """What was chosen once for a folder and is remembered: ports and passwords."""

    #: component -> port on loopback
    ports: dict[str, int] = field(default_factory=dict)
    #: role or purpose -> secret
    secrets: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Choices:
        """Read ``choices.json``; a folder that has none yet starts empty."""
        return cls(**json.loads(path.read_text())) if path.exists() else cls()

    def write(self, path: Path) -> None:
        """Write atomically, readable by the owner alone."""
        write_private(path, json.dumps({"ports": self.ports, "secrets": self.secrets}, indent=1))

    def secret(self, name: str) -> str:
        """Return the secret of this name, making it the first time."""
        return self.secrets.setdefault(name, secrets.token_hex(24))


@dataclass(frozen=True, slots=True)
class Stack:
    """One stack: its folder and its choices."""

    layout: Layout
    choices: Choices

    @classmethod
    def at(cls, folder: Path) -> Stack:
        """Return the stack in ``folder``, which need not exist yet."""
        layout = Layout(folder.resolve())
        return cls(layout, Choices.read(layout.root / "choices.json"))

    def remember(self) -> None:
        """Write the choices down."""
        self.choices.write(self.layout.root / "choices.json")

    def port(self, name: str) -> int:
        """Return the port of a component."""
        return self.choices.ports[name]

    @property
    def url(self) -> str:
        """CKAN's URL."""
        return f"http://127.0.0.1:{self.port('ckan')}"

    @property
    def solr_url(self) -> str:
        """URL of CKAN's core in Solr."""
        return f"http://127.0.0.1:{self.port('solr')}/solr/ckan"


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step; only its owner can read it."""
    partial = path.with_name(path.name + ".partial")
    partial.touch(mode=0o600)
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def fingerprint(*files: Path) -> str:
    """Return one digest of the content of files."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def is_done(folder: Path, made_from: str) -> bool:
    """Tell whether ``folder`` is complete and made from this."""
    mark = folder / DONE
    return mark.exists() and mark.read_text() == made_from


def is_free(port: int) -> bool:
    """Tell whether a process can listen on this port of loopback."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
