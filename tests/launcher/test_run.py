"""`./psa run` as a person uses it: a URL that answers, and nothing left after Ctrl-C."""
import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from launcher import places

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 600


class Run:
    """One `./psa run` with state of its own."""

    def __init__(self, folder, *arguments):
        self.folder = folder
        self.port = places.free_port()
        self.process = subprocess.Popen(
            [ROOT / "psa", "run", "--port", str(self.port), "--no-demo", "--database", "shop", *arguments],
            env={**os.environ, "PSA_STATE_DIR": str(folder)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.output = []
        self.ready = threading.Event()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.output.append(line)
            if "Ctrl-C stops everything" in line:
                self.ready.set()
        self.ready.set()

    def wait_ready(self):
        assert self.ready.wait(PATIENCE), "".join(self.output)
        assert self.process.poll() is None, "".join(self.output)

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        return status


@pytest.fixture(scope="module")
def state(roomy):
    return roomy / "state"


def rpc(port, service, method, *arguments):
    body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": {"service": service, "method": method, "args": arguments}})
    request = urllib.request.Request(f"http://127.0.0.1:{port}/jsonrpc", body.encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.load(answer)["result"]


def test_first_start_sets_up_and_ctrl_c_leaves_nothing(state, processes):
    run = Run(state)
    try:
        run.wait_ready()
        uid = rpc(run.port, "common", "authenticate", "shop", "admin", "admin", {})
        address = rpc(run.port, "object", "execute_kw", "shop", uid, "admin", "ir.config_parameter", "get_param", ["web.base.url"])
        assert address == f"http://localhost:{run.port}", "links in mails and styles of printed documents"
        installed = rpc(run.port, "object", "execute_kw", "shop", uid, "admin", "ir.module.module", "search_count",
                        [[["name", "=like", "psa%"], ["state", "=", "installed"]]])
        assert installed == len(list((ROOT / "addons").glob("*/__manifest__.py")))
    finally:
        status = run.interrupt()

    assert status == 130
    assert "Stopped." in run.output[-1]
    assert not processes(state)
    steps = [line for line in run.output if "✓" in line]
    assert steps
    assert all(re.search(r"\(\d+\.\d s\)", line) for line in steps), steps


def test_dev_reloads_changed_python(state, processes):
    run = Run(state, "--dev")
    log = state / "odoo" / "odoo.log"
    try:
        run.wait_ready()
        starts = log.read_text().count("Modules loaded.")

        with open(ROOT / "addons" / "psa_assets" / "models" / "psa_asset.py", "r+b") as file:
            first = file.read(1)
            file.seek(0)
            file.write(first)  # the content stays: others may read the file at this moment

        deadline = time.monotonic() + PATIENCE
        while log.read_text().count("Modules loaded.") == starts and time.monotonic() < deadline:
            time.sleep(0.5)
        assert "autoreload activated" in log.read_text()
        assert log.read_text().count("Modules loaded.") > starts
    finally:
        run.interrupt()

    assert not processes(state)


def test_second_start_creates_nothing_again(state, processes):
    run = Run(state)
    try:
        run.wait_ready()
    finally:
        run.interrupt()

    assert not any("Create" in line or "Update" in line or "Install" in line for line in run.output), run.output
    assert not processes(state)


def test_a_launcher_killed_by_force_does_not_leave_a_server_serving(state, processes):
    run = Run(state)
    run.wait_ready()

    run.process.kill()
    run.process.wait(30)

    again = Run(state)  # finds PostgreSQL still up, takes it over and stops it in the end
    try:
        again.wait_ready()
    finally:
        again.interrupt()
    assert not processes(state)
