"""PostgreSQL is started, shared and stopped cleanly; a backup comes back whole or not at all."""
import os
import shutil
import signal
import subprocess
import tarfile
from types import SimpleNamespace

import pytest

from launcher import database
from launcher.console import Refusal
from launcher.postgres import Cluster


def test_the_last_user_of_a_cluster_stops_it(cluster, processes):
    with cluster.running():
        second = Cluster(cluster.toolchain, cluster.folder, throwaway=True)
        with second.running():
            assert second.port == cluster.port  # one server for both
        assert cluster.sql("SELECT 1") == [["1"]]  # the second's leaving did not stop it

    assert not processes(cluster.data)


def test_an_error_is_not_swallowed_when_others_still_use_the_cluster(cluster):
    with cluster.running():
        second = Cluster(cluster.toolchain, cluster.folder, throwaway=True)

        with pytest.raises(Refusal, match="on purpose"), second.running():
            raise Refusal("on purpose")


def test_a_server_left_behind_by_a_killed_command_is_taken_over(cluster, processes):
    child = os.fork()
    if not child:
        context = cluster.running()
        context.__enter__()
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert processes(cluster.data)

    with cluster.running():
        assert cluster.sql("SELECT 1") == [["1"]]

    assert not processes(cluster.data)


def test_nobody_gets_in_without_the_password(cluster):
    with cluster.running():
        stranger = {**cluster.environment, "PGPASSWORD": "guess"}
        done = subprocess.run([str(cluster.toolchain.postgres / "psql"), "-Xc", "SELECT 1", "-d", "postgres"],
                              env=stranger, capture_output=True, text=True, check=False)

    assert done.returncode
    assert "password authentication failed" in done.stderr
    assert cluster._password_file.stat().st_mode & 0o077 == 0


@pytest.fixture
def shop(cluster, roomy):
    """A small database with a file store, as Odoo lays them out."""
    with cluster.running():
        odoo = SimpleNamespace(cluster=cluster, toolchain=cluster.toolchain, data_dir=roomy / f"files-{cluster.folder.name}")
        cluster.tool("createdb", "shop", failure="no")
        cluster.sql("CREATE TABLE ticket AS SELECT generate_series(1, 500) AS id, 'Überlänge' AS name", "shop")
        store = database.filestore(odoo.data_dir, "shop")
        (store / "ab").mkdir(parents=True)
        (store / "ab" / "abcdef").write_bytes(bytes(range(256)) * 40)
        yield odoo


def test_a_backup_brings_back_database_and_files(shop, tmp_path):
    archive = tmp_path / "shop.tar.gz"
    database.backup(shop, "shop", archive)

    database.restore(shop, "copy", archive)

    assert shop.cluster.sql("SELECT count(*), min(name) FROM ticket", "copy") == [["500", "Überlänge"]]
    assert (database.filestore(shop.data_dir, "copy") / "ab" / "abcdef").read_bytes() == bytes(range(256)) * 40


def test_an_existing_database_is_replaced_only_when_forced(shop, tmp_path):
    archive = tmp_path / "shop.tar.gz"
    database.backup(shop, "shop", archive)
    shop.cluster.sql("DELETE FROM ticket", "shop")

    with pytest.raises(Refusal, match="--force"):
        database.restore(shop, "shop", archive)
    assert shop.cluster.sql("SELECT count(*) FROM ticket", "shop") == [["0"]]

    database.restore(shop, "shop", archive, force=True)
    assert shop.cluster.sql("SELECT count(*) FROM ticket", "shop") == [["500"]]


def test_a_backup_is_never_overwritten(shop, tmp_path):
    archive = tmp_path / "shop.tar.gz"
    archive.write_text("precious")

    with pytest.raises(Refusal, match="exists already"):
        database.backup(shop, "shop", archive)

    assert archive.read_text() == "precious"


def test_a_changed_byte_in_an_archive_is_found_before_anything_is_touched(shop, tmp_path):
    archive, unpacked = tmp_path / "shop.tar.gz", tmp_path / "unpacked"
    database.backup(shop, "shop", archive)
    with tarfile.open(archive) as tar:
        tar.extractall(unpacked)  # noqa: S202 - our own archive; early releases of 3.10 and 3.11 know no filter
    victim = unpacked / "filestore" / "ab" / "abcdef"
    victim.write_bytes(b"\x01" + victim.read_bytes()[1:])
    with tarfile.open(archive, "w:gz") as tar:
        for file in sorted(unpacked.rglob("*")):
            if file.is_file():
                tar.add(file, str(file.relative_to(unpacked)))

    with pytest.raises(Refusal, match="abcdef does not match its checksum; nothing was changed"):
        database.restore(shop, "shop", archive, force=True)

    assert shop.cluster.sql("SELECT count(*) FROM ticket", "shop") == [["500"]]


def test_a_truncated_archive_is_refused(shop, tmp_path):
    archive = tmp_path / "shop.tar.gz"
    database.backup(shop, "shop", archive)
    archive.write_bytes(archive.read_bytes()[:-400])

    with pytest.raises(Refusal, match="damaged"):
        database.restore(shop, "copy", archive)

    assert "copy" not in shop.cluster.databases()


def test_an_archive_cannot_write_outside_its_folder(shop, tmp_path):
    archive = tmp_path / "evil.tar.gz"
    (tmp_path / "x").write_text("x")
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(tmp_path / "x", "filestore/../../escaped")

    with pytest.raises(Refusal, match="no backup of ours"):
        database.restore(shop, "copy", archive)

    assert not list(shop.data_dir.rglob("escaped"))
    shutil.rmtree(shop.data_dir, ignore_errors=True)
