"""The launcher is tested as a library where that is enough, and as a command where it matters."""
import os
import secrets
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from launcher import places, postgres, python_env  # noqa: E402


@pytest.fixture(scope="session")
def toolchain():
    return python_env.prepare(python_env.TEST)


@pytest.fixture(scope="session")
def roomy():
    """A folder PostgreSQL's account can reach, gone afterwards."""
    folder = places.cache() / "scratch" / f"launcher-{os.getpid()}-{secrets.token_hex(3)}"
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def cluster(toolchain, roomy):
    """A cluster of its own, not yet running."""
    return postgres.Cluster(toolchain, roomy / secrets.token_hex(4), throwaway=True)


def processes_naming(text):
    """Command lines of running processes that contain a text."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it ended meanwhile
            continue
        if str(text) in line:
            found.append(line)
    return found


@pytest.fixture
def processes():
    return processes_naming
