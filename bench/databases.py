"""Databases of the bench: one per side and size, made once and kept as a template, cloned for each run."""
import hashlib
import os
import subprocess
from pathlib import Path

PREFIX = "psa_bench_"


class BenchError(Exception):
    """Something the reader can do something about."""


class Cluster:
    """The PostgreSQL the bench works on, through its own client programs."""

    def __init__(self, settings):
        self.settings = settings
        self.env = {
            **os.environ,
            "PGHOST": settings.pg_host,
            "PGPORT": settings.pg_port,
            "PGUSER": settings.pg_user,
        }

    def run(self, program, *arguments):
        path = Path(self.settings.pg_bin, program) if self.settings.pg_bin else program
        done = subprocess.run([path, *arguments], env=self.env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchError(f"{program} {' '.join(arguments)} failed: {done.stderr.strip()}")
        return done.stdout.strip()

    def query(self, sql, database="postgres"):
        return self.run("psql", "-XAtqc", sql, database)

    def exists(self, database):
        return self.query(f"SELECT 1 FROM pg_database WHERE datname = '{database}'") == "1"

    def names(self):
        return self.query(rf"SELECT datname FROM pg_database WHERE datname LIKE '{PREFIX.replace('_', chr(92) + '_')}%'").split()

    def clone(self, template, database):
        self.drop(database)
        self.run("createdb", "-T", template, "--strategy=file_copy", database)

    def drop(self, database):
        self.run("dropdb", "--if-exists", "--force", database)

    def rename(self, old, new):
        self.query(f'ALTER DATABASE "{old}" RENAME TO "{new}"')

    def freshen(self, database):
        self.run("vacuumdb", "-q", "-z", database)

    def identity(self, database):
        identity = self.query(f"SELECT oid FROM pg_database WHERE datname = '{database}'")
        if not identity:
            raise BenchError(f"the database {database} with Odoo's own apps is missing; ./psa bench makes it")
        return identity


def made_once(bench, worker_class, side, size, makers, told, *words, command="seed", **amounts):
    """Return the name of a side's database of a size, made from the present sources if there is none.

    All sizes of a side are made from one database in which its addons are installed. What was made from other sources is dropped.

    :param makers: the texts of what fills it: other texts, another database
    :param told: what is said to be made, for who waits
    :param words: what else decides about what is in it
    :param command: what the worker is asked to fill it with, and ``amounts`` of what
    """
    key = fingerprint(bench.addons_of(side), *makers, bench.cluster.identity(bench.settings.base_database), *words)
    name, installed, scratch = f"{PREFIX}{side}_{size}_{key}", f"{PREFIX}{side}_0_{key}", f"{PREFIX}{side}_making"
    if bench.cluster.exists(name):
        return name
    for stale in bench.cluster.names():
        if stale.startswith(f"{PREFIX}{side}_") and not stale.endswith(key):
            bench.cluster.drop(stale)
    if not bench.cluster.exists(installed):
        bench.cluster.clone(bench.settings.base_database, scratch)
        bench.install(side, scratch)
        bench.cluster.rename(scratch, installed)
    bench.cluster.clone(installed, scratch)
    bench.say(f"making {told}")
    worker = worker_class(bench, side, scratch)
    try:
        worker.ask(command, **amounts)
    finally:
        worker.close()
    bench.cluster.freshen(scratch)
    bench.cluster.rename(scratch, name)
    return name


def fingerprint(folders, *words):
    """A short key of the content of source folders: a database made from other sources is not used again."""
    digest = hashlib.sha256("\0".join(words).encode())
    for folder in sorted(map(Path, folders)):
        for path in sorted(folder.rglob("*")):
            parts = path.relative_to(folder).parts
            if path.is_file() and not {"__pycache__", "tests", "static", "i18n", "readme", "demo"} & set(parts):
                digest.update("/".join(parts).encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:10]
