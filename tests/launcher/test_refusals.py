"""Each thing that can be wrong with a machine ends in one clear sentence, not in a traceback."""
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from launcher import odoo_source, places
from launcher.console import Refusal

ROOT = Path(__file__).resolve().parents[2]
LOCK = {"version": "19.0.1-1", "sha256": "a" * 64}


def test_an_old_python_is_refused_before_anything_else():
    code = "import sys, runpy; sys.version_info = (3, 9, 18); runpy.run_path('psa', run_name='__main__')"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "Python 3.10 or newer is needed, this is 3.9" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_is_named_with_what_is_needed(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(10, 10, 300 * 2**20))

    with pytest.raises(Refusal, match=r"The disk is full: .* has 0\.3 GiB free and 4 GiB are needed"):
        places.check_disk(tmp_path)


def test_a_taken_port_is_refused_before_anything_is_started():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        done = subprocess.run([ROOT / "psa", "run", "--port", str(port)], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert f"Port {port} is taken by another program" in done.stdout
    assert "…" not in done.stdout  # no step had begun


def test_a_failed_download_names_the_step_and_the_next_call_goes_on(tmp_path, monkeypatch):
    """An apt-get that cannot reach its archive, on a machine with nothing cached."""
    monkeypatch.setenv("PSA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("ODOO_HOME", raising=False)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "apt-get").write_text("#!/bin/sh\necho 'Could not connect to the archive' >&2\nexit 100\n")
    (programs / "apt-get").chmod(0o755)
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "PSA_STATE_DIR": str(tmp_path / "state")}

    first = subprocess.run([ROOT / "psa", "run", "--port", "0"], capture_output=True, text=True, check=False, env=environment)

    assert first.returncode == 1
    assert "Read Debian's signed package index" in first.stdout
    assert "check the network and call again" in first.stdout
    assert "Could not connect to the archive" in first.stdout
    assert "Traceback" not in first.stdout + first.stderr
    assert not list((tmp_path / "cache").glob("odoo-19*"))  # nothing half-made that the next call would take for whole


def test_the_locked_package_is_taken_silently(capsys):
    assert odoo_source.choose(("19.0.1-1", "a" * 64), LOCK) == ("19.0.1-1", "a" * 64)
    assert not capsys.readouterr().err


def test_another_hash_for_the_locked_version_is_refused():
    with pytest.raises(Refusal, match=r"does not match requirements/odoo\.lock"):
        odoo_source.choose(("19.0.1-1", "b" * 64), LOCK)


def test_a_newer_package_is_taken_with_a_warning_when_the_locked_one_is_gone(capsys):
    assert odoo_source.choose(("19.0.2-1", "b" * 64), LOCK) == ("19.0.2-1", "b" * 64)
    assert "not pinned" in capsys.readouterr().err


def test_another_series_is_refused():
    with pytest.raises(Refusal, match=r"is not 19\.0"):
        odoo_source.choose(("20.0.0-1", "b" * 64), LOCK)


def test_a_broken_download_is_thrown_away(tmp_path):
    deb = tmp_path / "odoo-19_19.0.1-1_all.deb"
    deb.write_bytes(b"half a package")

    with pytest.raises(Refusal, match="call again"):
        odoo_source.verify(deb, hashlib.sha256(b"the whole package").hexdigest())

    assert not deb.exists()


def test_the_lock_pins_a_version_and_a_hash():
    lock = json.loads(odoo_source.LOCK.read_text())

    assert lock["version"].startswith("19.0")
    assert len(bytes.fromhex(lock["sha256"])) == 32


def test_every_python_package_is_pinned_by_hash():
    for lock in sorted((ROOT / "requirements").glob("*.lock")):
        if lock.stem == "odoo":
            continue
        entries = lock.read_text().replace("\\\n", " ").splitlines()
        for entry in filter(None, entries):
            assert "==" in entry, f"{lock.name}: {entry[:60]}"
            assert "--hash=sha256:" in entry, f"{lock.name}: {entry[:60]}"


def test_the_mirror_is_read_from_either_of_apts_formats(tmp_path):
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text(
        "# comment\ndeb [arch=amd64 signed-by=/k/one.gpg] http://mirror.example/debian bookworm main contrib\n")
    (tmp_path / "sources.list.d" / "debian.sources").write_text(
        "Types: deb\nURIs: http://other.example/debian\nSuites: bookworm\nComponents: main\nSigned-By: /k/two.gpg\n\n"
        "Types: deb-src\nURIs: http://sources.example/debian\nSuites: bookworm\nComponents: main\n")

    assert list(odoo_source.machine_sources(tmp_path)) == [
        ("http://mirror.example/debian", "/k/one.gpg"), ("http://other.example/debian", "/k/two.gpg")]


def test_a_checkout_of_another_series_is_refused(tmp_path, monkeypatch):
    (tmp_path / "odoo").mkdir()
    (tmp_path / "odoo" / "release.py").write_text("version_info = (17, 0, 0, FINAL, 0, '')\n")
    monkeypatch.setenv("ODOO_HOME", str(tmp_path))

    with pytest.raises(Refusal, match=r"not version 19\.0"):
        odoo_source.locate()
