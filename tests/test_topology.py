"""The topology of docker-compose.yml, proved with real processes: two web servers, one cron server, primary and replica."""

import base64
import contextlib
import json
import secrets
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from urllib.parse import urlsplit

import pytest
import requests
import websocket
from harness import wait_for
from topology import ADMIN_PASSWORD, DATABASE, Topology, nginx_program

needs_nginx = pytest.mark.skipif(not nginx_program(), reason="nginx is not installed (apt-get install nginx-light)")


@pytest.fixture(scope="module")
def topology():
    """Everything that the compose file's profile `scale` starts."""
    running = Topology()
    try:
        yield running.start()
    finally:
        running.remove()


@pytest.fixture(scope="module")
def cookie(topology):
    """A browser's session, made on server A."""
    return sign_in(topology.url("a"))


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """The backup that one test takes and a later one brings back."""
    return {"path": tmp_path_factory.mktemp("backup") / "psa.tar"}


def sign_in(url, verify=True):
    """Return a signed-in HTTP session of the administrator."""
    browser = requests.Session()
    # A certificate bundle named by the environment would go before ours.
    browser.trust_env = False
    browser.verify = verify
    answer = browser.post(
        f"{url}/web/session/authenticate",
        json={"jsonrpc": "2.0", "params": {"db": DATABASE, "login": "admin", "password": ADMIN_PASSWORD}},
        timeout=180,
    ).json()
    assert answer.get("result", {}).get("uid"), answer
    return browser


def call_kw(browser, url, model, method, *args, **kwargs):
    """Call a method as the web client does."""
    answer = browser.post(
        f"{url}/web/dataset/call_kw/{model}/{method}",
        json={"jsonrpc": "2.0", "params": {"model": model, "method": method, "args": args, "kwargs": kwargs}},
        timeout=180,
    )
    answer.raise_for_status()
    body = answer.json()
    assert "error" not in body, body["error"]["data"]["debug"]
    return body["result"]


def titles(browser, url, title):
    """Return the titles of the tickets of this title, by the read-only call that the list view makes."""
    rows = call_kw(browser, url, "psa.ticket", "web_search_read", [("name", "=", title)], {"name": {}})
    return [row["name"] for row in rows["records"]]


def new_title(words):
    """A title that occurs nowhere else, so that it can be looked for in statement logs."""
    return f"{words} {secrets.token_hex(6)}"


@pytest.mark.story
class TestTopology:
    def test_setup_upgrades_an_installed_database_and_sets_password_and_address(self, topology):
        assert "psa_helpdesk is installed in psa" in topology.setup_log

        address = topology.rpc("a").call("ir.config_parameter", "get_param", "web.base.url")

        assert address == "https://psa.example.com"

    def test_odoos_role_is_no_superuser(self, topology):
        (row,) = topology.query(
            topology.primary_port, "SELECT rolsuper, rolreplication, rolcreaterole FROM pg_roles WHERE rolname = 'odoo'"
        )

        assert row == (False, False, False)

    def test_a_ticket_created_on_one_server_is_read_on_the_other(self, topology):
        title = new_title("Printer on fire")

        ticket_id = topology.rpc("a").create("psa.ticket", {"name": title})

        assert topology.rpc("b").read("psa.ticket", ticket_id, "name")["name"] == title

    def test_a_session_of_one_server_is_known_to_the_other(self, topology, cookie):
        answer = cookie.post(f"{topology.url('b')}/web/session/get_session_info", json={"params": {}}, timeout=180)

        assert answer.json()["result"]["username"] == "admin"

    def test_a_read_only_route_is_served_by_the_replica(self, topology, cookie):
        title = new_title("Slow laptop")
        topology.rpc("a").create("psa.ticket", {"name": title})
        wait_for(lambda: self.on_replica(topology, title), "the ticket on the replica")
        mark = topology.log("primary").stat().st_size

        assert titles(cookie, topology.url("b"), title) == [title]

        read_on_replica = [line for line in topology.replica.text().splitlines() if title in line and "SELECT" in line]
        assert [line for line in read_on_replica if '"psa_ticket"' in line], "the list was not read on the replica"
        assert title not in topology.log("primary").read_bytes()[mark:].decode(), "the primary was asked, too"
        (row,) = topology.query(
            topology.replica_port,
            """SELECT pg_is_in_recovery(), count(*) FROM pg_stat_activity
                WHERE datname = 'psa' AND usename = 'odoo' AND application_name LIKE 'psa-web-%'""",
        )
        assert row[0] is True
        assert row[1] >= 1

    def test_what_writes_goes_to_the_primary(self, topology, cookie):
        title = new_title("New starter")

        call_kw(cookie, topology.url("b"), "psa.ticket", "create", [{"name": title}])

        assert title in topology.primary.text()
        wait_for(lambda: self.on_replica(topology, title), "the ticket on the replica")

    def test_only_the_cron_server_runs_a_job_and_runs_it_once(self, topology):
        marker = new_title("Made by cron")
        admin = topology.rpc("a")

        cron_id = admin.create(
            "ir.cron",
            {
                "name": marker,
                "model_id": admin.ref("base.model_res_partner"),
                "state": "code",
                "code": f"model.create({{'name': {marker!r}}})",
                "interval_number": 1,
                "interval_type": "days",
                "nextcall": (datetime.now(timezone.utc) - timedelta(minutes=1)).strftime("%Y-%m-%d %H:%M:%S"),
            },
        )

        wait_for(lambda: admin.read("ir.cron", cron_id, "lastcall")["lastcall"], "the job to run")
        # Both cron workers were woken; the slower one has had its turn by now.
        time.sleep(2)
        assert admin.count("res.partner", [("name", "=", marker)]) == 1
        assert marker in topology.cron.text()
        assert all(marker not in web.text() for web in topology.web.values())

    def test_health_checks_see_what_runs(self, topology):
        assert topology.probe("web", "a")
        assert topology.probe("web", "b")
        assert topology.probe("cron")

    @needs_nginx
    def test_nginx_spreads_requests_over_both_servers(self, topology):
        browser = sign_in(topology.public_url, verify=topology.certificate)

        for _request in range(6):
            answer = browser.post(f"{topology.public_url}/web/session/get_session_info", json={"params": {}}, timeout=180)
            assert answer.json()["result"]["username"] == "admin"

        used = topology.upstreams_used("/web/session/get_session_info")
        assert set(used) == {urlsplit(topology.url(name)).netloc for name in "ab"}

    @needs_nginx
    def test_nginx_protects_and_forwards(self, topology):
        public, certificate = topology.public_url, topology.certificate

        page = requests.get(f"{public}/web/login", verify=certificate, timeout=180)
        manager = requests.get(f"{public}/web/database/manager", verify=certificate, timeout=180)
        plain = requests.get(f"http://localhost:{topology.nginx_ports[0]}/odoo", allow_redirects=False, timeout=180)
        too_big = requests.post(f"{public}/web/login", verify=certificate, headers={"Content-Length": str(200 << 20)}, timeout=180)

        assert page.status_code == 200
        assert page.headers["Strict-Transport-Security"].startswith("max-age=31536000")
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert page.headers["Content-Encoding"] == "gzip"
        session = next(cookie for cookie in page.cookies if cookie.name == "session_id")
        assert session.secure
        assert manager.status_code == 404
        assert (plain.status_code, plain.headers["Location"]) == (301, "https://localhost/odoo")
        assert too_big.status_code == 413

    @needs_nginx
    def test_password_guessing_is_slowed_down(self, topology):
        def guess(_number):
            return requests.post(
                f"{topology.public_url}/web/login", verify=topology.certificate, data={"login": "x"}, timeout=180).status_code

        first = guess(0)
        # All at once: one that comes after another was answered may have been given its time by a slow server.
        with ThreadPoolExecutor(40) as pool:
            statuses = list(pool.map(guess, range(40)))

        assert first != 429
        assert 429 in statuses
        assert requests.get(f"{topology.public_url}/web/login", verify=topology.certificate, timeout=180).ok

    @needs_nginx
    def test_a_websocket_through_nginx_hears_of_a_change_on_any_server(self, topology):
        browser = sign_in(topology.public_url, verify=topology.certificate)
        admin = topology.rpc("b")
        ticket_id = admin.create("psa.ticket", {"name": new_title("Call back")})

        with contextlib.closing(
            websocket.create_connection(
                topology.public_url.replace("https", "wss") + "/websocket?version=19.0-2",
                cookie=f"session_id={browser.cookies['session_id']}",
                origin=topology.public_url,
                sslopt={"context": topology.tls_context()},
                timeout=180,
            )
        ) as socket:
            socket.send(json.dumps({"event_name": "subscribe", "data": {"channels": [], "last": 0}}))
            # The subscription itself is asynchronous: repeat the event until it is heard.
            heard = wait_for(lambda: self.hears_activity(socket, admin, ticket_id), "a notification")

        assert heard["type"] == "mail.activity/updated"

    def test_a_backup_is_taken_while_people_work(self, topology, archive):
        admin = topology.rpc("a")
        title = new_title("Before the backup")
        ticket_id = admin.create("psa.ticket", {"name": title})
        content = base64.b64encode(title.encode()).decode()
        vals = {"name": "note.txt", "datas": content, "res_model": "psa.ticket", "res_id": ticket_id}
        archive["attachment"] = admin.create("ir.attachment", vals)

        done = topology.script("backup.sh", archive["path"])

        assert done.returncode == 0, done.stderr
        assert archive["path"].stat().st_mode & 0o077 == 0
        archive["title"] = title
        again = topology.script("backup.sh", archive["path"])
        assert again.returncode
        assert "never overwritten" in again.stderr

    def test_reading_goes_on_while_the_replica_is_away_and_it_catches_up(self, topology, cookie):
        title = new_title("Meanwhile")
        topology.replica.stop(signal.SIGINT)

        topology.rpc("b").create("psa.ticket", {"name": title})
        assert titles(cookie, topology.url("a"), title) == [title]

        topology.start_replica()
        wait_for(lambda: self.on_replica(topology, title), "the replica to catch up")
        (row,) = wait_for(
            lambda: topology.query(
                topology.primary_port, "SELECT state, sync_state FROM pg_stat_replication WHERE usename = 'replicator'"
            ),
            "the replica at the primary",
        )
        assert row == ("streaming", "async")

    def test_one_web_server_dies_and_the_other_goes_on(self, topology, cookie):
        topology.web["a"].kill()
        title = new_title("Still here")

        assert not topology.probe("web", "a")
        ticket_id = topology.rpc("b").create("psa.ticket", {"name": title})
        assert topology.rpc("b").read("psa.ticket", ticket_id, "name")["name"] == title
        wait_for(lambda: self.on_replica(topology, title), "the ticket on the replica")
        # A's session goes on at B.
        assert titles(cookie, topology.url("b"), title) == [title]
        if nginx_program():
            browser = sign_in(topology.public_url, verify=topology.certificate)
            for _request in range(8):
                assert titles(browser, topology.public_url, title) == [title]

    def test_a_stopped_cron_server_is_noticed(self, topology):
        topology.cron.stop()

        wait_for(lambda: not topology.probe("cron"), "the health check to fail")

    def test_a_damaged_backup_changes_nothing(self, topology, archive):
        damaged = archive["path"].with_name("damaged.tar")
        raw = bytearray(archive["path"].read_bytes())
        raw[len(raw) // 2] ^= 0xFF
        damaged.write_bytes(raw)

        done = topology.script("restore.sh", damaged, "--force")

        assert done.returncode == 65
        assert "nothing was changed" in done.stderr
        assert self.on_primary(topology, archive["title"])

    def test_the_backup_comes_back(self, topology, archive):
        later = new_title("After the backup")
        topology.rpc("b").create("psa.ticket", {"name": later})
        topology.web["b"].kill()
        shutil.rmtree(topology.folder / "data" / "filestore")
        (topology.folder / "data" / "filestore").mkdir()

        refused = topology.script("restore.sh", archive["path"])
        assert refused.returncode == 64
        assert self.on_primary(topology, later)
        done = topology.script("restore.sh", archive["path"], "--force")

        assert done.returncode == 0, done.stderr
        assert not self.on_primary(topology, later)
        assert self.on_primary(topology, archive["title"])
        topology.start_web("b")
        wait_for(lambda: topology.probe("web", "b"), "the server on the restored database")
        attachment = topology.rpc("b").read("ir.attachment", archive["attachment"], "datas")
        assert base64.b64decode(attachment["datas"]).decode() == archive["title"]

    @staticmethod
    def on_primary(topology, title):
        """Whether the primary has a ticket of this title."""
        return topology.query(topology.primary_port, "SELECT 1 FROM psa_ticket WHERE name = %s", (title,))

    @staticmethod
    def on_replica(topology, title):
        """Whether a ticket of this title has reached the replica."""
        return topology.query(topology.replica_port, "SELECT 1 FROM psa_ticket WHERE name = %s", (title,))

    @staticmethod
    def hears_activity(socket, admin, ticket_id):
        """Plan an activity for the administrator on one server; return what the websocket tells of it, if anything."""
        admin.create(
            "mail.activity",
            {
                "res_model_id": admin.ref("psa_helpdesk.model_psa_ticket"),
                "res_id": ticket_id,
                "user_id": admin.uid,
                "summary": "Call back",
                "date_deadline": datetime.now(timezone.utc).date().isoformat(),
            },
        )
        socket.settimeout(2)
        with contextlib.suppress(websocket.WebSocketTimeoutException):
            for notification in json.loads(socket.recv()):
                if notification["message"]["type"] == "mail.activity/updated":
                    return notification["message"]
        return None
