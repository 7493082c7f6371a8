"""Write the configuration of Redis, Solr and CKAN from the templates here and the choices of the folder."""

from __future__ import annotations

from pathlib import Path
from string import Template

from layout import HERE, Stack, write_private


def write_redis(stack: Stack) -> None:
    """Write ``redis.conf``: loopback, a password, nothing kept on disk."""
    lines = {
        "bind": "127.0.0.1",
        "port": stack.port("redis"),
        "requirepass": stack.choices.secret("redis"),
        "save": '""',
        "appendonly": "no",
        "daemonize": "no",
    }
    write_private(stack.layout.redis_conf, "".join(f"{name} {value}\n" for name, value in lines.items()))


def ckan_schema(stack: Stack) -> Path:
    """Return the Solr schema in CKAN's wheel."""
    python = next((stack.layout.venv / "lib").glob("python3.*"))
    return python / "site-packages" / "ckan" / "config" / "solr" / "schema.xml"


def write_solr(stack: Stack) -> None:
    """Write the core ``ckan``: CKAN's schema, our ``solrconfig.xml``, the word lists that the schema names, empty."""
    conf = stack.layout.solr_home / "ckan" / "conf"
    conf.mkdir(parents=True, exist_ok=True)
    (stack.layout.solr_home / "solr.xml").write_text("<solr/>\n")
    (conf.parent / "core.properties").write_text("name=ckan\n")
    (conf / "schema.xml").write_bytes(ckan_schema(stack).read_bytes())
    (conf / "solrconfig.xml").write_bytes((HERE / "solr" / "solrconfig.xml").read_bytes())
    for words in ("synonyms.txt", "protwords.txt"):
        (conf / words).write_text("")


def write_ckan(stack: Stack) -> None:
    """Write ``ckan.ini``."""
    secret = stack.choices.secret
    server = f"127.0.0.1:{stack.port('postgresql')}"
    values = {
        "secret_key": secret("session"),
        "site_url": stack.url,
        "storage": stack.layout.storage,
        "database_url": f"postgresql://ckan_default:{secret('ckan_default')}@{server}/ckan_default",
        "datastore_write_url": f"postgresql://ckan_default:{secret('ckan_default')}@{server}/datastore_default",
        "datastore_read_url": f"postgresql://datastore_default:{secret('datastore_default')}@{server}/datastore_default",
        "solr_url": stack.solr_url,
        # redis-py 8 gives up after 5 s without an answer; the consumers of ckanext-harvest 1.6 wait longer for a job
        "redis_url": f"redis://:{secret('redis')}@127.0.0.1:{stack.port('redis')}/0?socket_timeout=86400",
    }
    write_private(stack.layout.ini, Template((HERE / "ckan.ini").read_text()).substitute(values))
