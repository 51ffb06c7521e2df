"""nginx in front of Odoo: its files are read, and where it is installed, it is started with them."""

import re
import subprocess
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from harness import free_port
from processes import make_certificate, nginx_program, replace, start_nginx
from production_files import load_compose, read_odoo_conf, read_settings

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
needs_nginx = pytest.mark.skipif(not nginx_program(), reason="nginx is not installed (apt-get install nginx-light)")
BURST = 20


@pytest.fixture(scope="module")
def compose():
    """The compose file with the example settings."""
    return load_compose(read_settings(DEPLOY / "env.example"))


@pytest.fixture(scope="module")
def services(compose):
    """Its services by name."""
    return compose["services"]


def parse_nginx(text):
    """Return nginx configuration as a tree of (words, children or None); raise ValueError where it is not balanced."""
    token = re.compile(r"""\s+|\#[^\n]*|(?P<sign>[{};])|(?P<word>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?:\$\{|[^\s{};"'])+)""")
    stack, words, position = [[]], [], 0
    while position < len(text):
        match = token.match(text, position)
        if not match:
            raise ValueError(f"cannot read nginx configuration at: {text[position : position + 40]!r}")
        position = match.end()
        if match["word"]:
            words.append(match["word"])
        elif match["sign"] == ";":
            if not words:
                raise ValueError("a semicolon without a directive")
            stack[-1].append((words, None))
            words = []
        elif match["sign"] == "{":
            block = (words, [])
            stack[-1].append(block)
            stack.append(block[1])
            words = []
        elif match["sign"] == "}":
            if words:
                raise ValueError(f"{' '.join(words)} is not ended by a semicolon")
            stack.pop()
            if not stack:
                raise ValueError("a closing brace too many")
    if len(stack) != 1 or words:
        raise ValueError("the file ends inside a block or a directive")
    return stack[0]


def read_nginx(name, folder=DEPLOY / "nginx"):
    """Return one nginx file as a tree, its includes put in place."""
    tree = []
    for words, children in parse_nginx((folder / name).read_text()):
        tree += _with_includes(words, children, folder)
    return tree


def _with_includes(words, children, folder):
    if words[0] == "include":
        return read_nginx(words[1], folder)
    if children is None or words[0] == "map":
        return [(words, children)]
    return [(words, [inner for child in children for inner in _with_includes(*child, folder)])]


def blocks(tree, name):
    """Return the blocks of this name: {words after the name: children}."""
    return {" ".join(words[1:]): children for words, children in tree if words[0] == name and children is not None}


def directives(tree, name):
    """Return the arguments of every directive of this name on this level."""
    return [words[1:] for words, children in tree if words[0] == name and children is None]


@pytest.fixture(scope="module")
def nginx():
    """The http block and its TLS server."""
    http = blocks(read_nginx("nginx.conf"), "http")[""]
    servers = [children for words, children in http if words == ["server"]]
    (tls,) = [server for server in servers if "ssl" in directives(server, "listen")[0]]
    (plain,) = [server for server in servers if server is not tls]
    return http, tls, plain


@pytest.mark.parametrize("text", ["server { listen 80;", "server { listen 80 }", "listen 80; }", ";", "listen 80"])
def test_the_parser_notices_unbalanced_files(text):
    with pytest.raises(ValueError, match=r".+"):
        parse_nginx(text)


def test_nginx_has_the_routes_that_odoo_needs(nginx):
    http, tls, plain = nginx
    locations = blocks(tls, "location")

    assert directives(locations["/"], "proxy_pass") == [["http://$odoo_web"]]
    assert directives(locations["= /websocket"], "proxy_pass") == [["http://$odoo_websocket"]]
    headers = dict(directives(locations["= /websocket"], "proxy_set_header"))
    assert headers["Upgrade"] == "$http_upgrade"
    assert headers["Connection"] == "$connection_upgrade"
    assert directives(locations["^~ /web/database/"], "return") == [["404"]]
    assert directives(blocks(plain, "location")["/"], "return") == [["301", "https://$host$request_uri"]]
    targets = {variable: children for variable, children in blocks(http, "map").items() if "$odoo" in variable}
    assert targets == {
        "'' $odoo_web": [(["default", "web:8069"], None)],
        "'' $odoo_websocket": [(["default", "web:8072"], None)],
    }


def test_nginx_overwrites_what_odoo_believes_of_the_proxy(nginx):
    _http, tls, _plain = nginx
    wanted = {"Host", "X-Forwarded-Host", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP"}

    for where in (tls, *(location for location in blocks(tls, "location").values() if directives(location, "proxy_set_header"))):
        headers = dict(directives(where, "proxy_set_header"))
        assert wanted <= set(headers)
        # The caller's own list would let him choose his address.
        assert headers["X-Forwarded-For"] == "$remote_addr"


def test_nginx_sends_security_headers_everywhere(nginx):
    _http, tls, _plain = nginx
    headers = {name: (value, *flags) for name, value, *flags in directives(tls, "add_header")}

    assert {
        "Strict-Transport-Security",
        "X-Content-Type-Options",
        "X-Frame-Options",
        "Content-Security-Policy",
        "Referrer-Policy",
        "Permissions-Policy",
    } <= set(headers)
    assert all(value[-1] == "always" for value in headers.values())
    for name, location in blocks(tls, "location").items():
        assert not directives(location, "add_header"), f"location {name} would lose the server's headers"


def test_nginx_speaks_modern_tls_only_with_the_mounted_certificate(nginx, compose):
    _http, tls, _plain = nginx

    assert directives(tls, "ssl_protocols") == [["TLSv1.2", "TLSv1.3"]]
    for directive in ("ssl_certificate", "ssl_certificate_key"):
        ((path,),) = directives(tls, directive)
        assert Path(path).name in compose["services"]["nginx"]["secrets"]


def test_nginx_limits_uploads_packs_answers_and_outwaits_odoo(nginx):
    http, tls, _plain = nginx

    assert directives(http, "client_max_body_size") == [["128m"]]
    assert directives(http, "gzip") == [["on"]]
    assert "text/css" in directives(http, "gzip_types")[0]
    ((wait,),) = directives(tls, "proxy_read_timeout")
    assert int(wait.removesuffix("s")) > int(read_odoo_conf()["limit_time_real"])


def test_nginx_never_repeats_a_request_that_may_have_been_carried_out(nginx):
    _http, tls, _plain = nginx

    (conditions,) = directives(tls, "proxy_next_upstream")

    assert "error" in conditions
    assert "non_idempotent" not in conditions


def test_nginx_ports_are_those_that_compose_publishes(nginx, services):
    _http, tls, plain = nginx
    inside = {port.split(":")[0]: port.split(":")[1] for port in services["nginx"]["ports"]}

    assert directives(plain, "listen")[0][0] == inside["80"]
    assert directives(tls, "listen")[0][0] == inside["443"]


@needs_nginx
def test_nginx_itself_accepts_the_files(tmp_path):
    for source in (DEPLOY / "nginx").glob("*.conf"):
        (tmp_path / source.name).write_text(source.read_text())
    certificate, key = make_certificate(tmp_path)
    replace(
        tmp_path / "nginx.conf",
        {
            " /tmp/": f" {tmp_path}/",
            "/run/secrets/tls_certificate": certificate,
            "/run/secrets/tls_key": key,
            "/dev/stdout": tmp_path / "access.log",
            "/dev/stderr": tmp_path / "error.log",
        },
    )

    done = subprocess.run(
        [nginx_program(), "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf", "-e", tmp_path / "start.log"],
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr


class _Web(BaseHTTPRequestHandler):
    """Stands for Odoo: answers whatever it is asked."""

    def do_GET(self):
        """Answer."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_POST = do_GET

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def front(tmp_path):
    """nginx with the files of production before a web server that answers everything; its address."""
    web = ThreadingHTTPServer(("127.0.0.1", 0), _Web)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    folder = tmp_path / "nginx"
    folder.mkdir()
    ports = free_port(), free_port()
    nginx = start_nginx(
        folder, ports, web=[web.server_port], websocket=[web.server_port], access_log=tmp_path / "access.log",
        log=tmp_path / "nginx.log",
    )
    with requests.Session() as session:
        session.verify, session.trust_env = str(folder / "certificate.pem"), False
        yield lambda method, path: session.request(method, f"https://localhost:{ports[1]}{path}", timeout=180).status_code
    nginx.stop()
    web.shutdown()
    web.server_close()


@needs_nginx
@pytest.mark.parametrize("path", ["/psa/signup", "/web/login"])
def test_a_flood_of_sent_forms_is_refused_and_reading_is_not(front, path):
    began = time.monotonic()
    answers = [front("POST", path) for _number in range(BURST + 10)]
    freed = 1 + (time.monotonic() - began) / 2

    # One at once and a burst; one more comes free every two seconds.
    assert answers[: BURST + 1] == [200] * (BURST + 1)
    counted = Counter(answers[BURST + 1 :])
    assert set(counted) <= {200, 429}
    assert counted[200] <= freed, counted
    assert {front("GET", path) for _number in range(BURST + 10)} == {200}
    assert {front("POST", "/my/tickets/new") for _number in range(BURST + 10)} == {200}


@needs_nginx
def test_sign_in_and_sign_up_share_one_allowance(front):
    assert {front("POST", "/web/login") for _number in range(BURST + 1)} == {200}

    # An allowance of its own would last for one more.
    assert 429 in {front("POST", "/psa/signup") for _number in range(BURST)}
