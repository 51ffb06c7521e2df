"""The files that production runs from: docker-compose.yml, Dockerfile, odoo.conf, scripts. No server needed."""

import ast
import configparser
import fnmatch
import itertools
import json
import os
import re
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from processes import make_certificate
from production_files import load_compose, read_odoo_conf, read_settings

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
ODOO_SERVICES = ("web", "cron", "setup")
POSTGRES_SERVICES = ("db", "replica")
# What Odoo's image has installed: Odoo's own requirements (its requirements.txt of 19.0).
PACKAGES_OF_THE_IMAGE = set(
    re.findall(
        r"\S+",
        """
        asn1crypto babel cbor2 chardet cryptography docutils freezegun geoip2 gevent greenlet idna jinja2 libsass lxml
        lxml-html-clean markupsafe num2words ofxparse openpyxl passlib pillow polib psutil psycopg2 pyopenssl pypdf2
        pyserial python-dateutil python-ldap python-stdnum pytz pyusb qrcode reportlab requests rjsmin urllib3 vobject
        werkzeug xlrd xlsxwriter xlwt zeep
        """,
    )
)


# docker-compose.yml


@pytest.fixture(scope="module")
def compose():
    """The compose file with the example settings."""
    return load_compose(read_settings(DEPLOY / "env.example"))


@pytest.fixture(scope="module")
def services(compose):
    """Its services by name."""
    return compose["services"]


def test_compose_file_keeps_to_the_specification(compose):
    schema = json.loads((Path(__file__).parent / "compose.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)

    errors = [
        f"{'.'.join(map(str, error.absolute_path))}: {error.message}"
        for error in jsonschema.Draft202012Validator(schema).iter_errors(compose)
    ]

    assert not errors, "\n".join(errors)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("web.restart", "sometimes"),
        ("web.comand", ["web"]),
        ("db.healthcheck.interval", "5"),
        ("db.healthcheck.test", "pg_isready"),
        ("web.depends_on.db.condition", "healthy"),
        ("nginx.ports", ["443:https"]),
        ("web.volumes", ["odoo data:/var/lib/odoo"]),
        ("web.environment", ["PGHOST=db"]),
    ],
)
def test_the_schema_notices_a_mistake(path, value):
    broken = load_compose(read_settings(DEPLOY / "env.example"))
    schema = json.loads((Path(__file__).parent / "compose.schema.json").read_text())
    *parents, last = path.split(".")
    place = broken["services"]
    for name in parents:
        place = place[name]
    place[last] = value

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema)


def test_without_an_address_nothing_starts():
    with pytest.raises(KeyError, match="PSA_DOMAIN"):
        load_compose({})


def test_every_setting_of_the_example_is_used():
    names = re.findall(r"(?m)^#?([A-Z_]+)=", (DEPLOY / "env.example").read_text())

    used = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text())) | {"COMPOSE_PROFILES"}

    assert set(names) == used


def test_what_services_refer_to_is_declared(compose, services):
    for name, service in services.items():
        assert set(service.get("networks", [])) <= set(compose["networks"]), name
        assert set(service.get("secrets", [])) <= set(compose["secrets"]), name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).exists(), f"{name} mounts {source}, which is not there"
            else:
                assert source in compose["volumes"], f"{name} uses the undeclared volume {source}"


def test_what_is_declared_is_used(compose, services):
    for kind in ("networks", "secrets"):
        used = {thing for service in services.values() for thing in service.get(kind, [])}
        assert used == set(compose[kind])
    mounted = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", [])}
    assert {source for source in mounted if not source.startswith("./")} == set(compose["volumes"])


def test_a_service_waits_only_for_what_can_become_ready(services):
    for name, service in services.items():
        for other, terms in service.get("depends_on", {}).items():
            assert other in services, f"{name} waits for {other}, which does not exist"
            if terms["condition"] == "service_healthy":
                assert "healthcheck" in services[other], f"{name} waits for the health of {other}, which has no check"
            if terms["condition"] == "service_completed_successfully":
                assert services[other]["restart"] == "no", f"{name} waits for the end of {other}, which is restarted"
            # A service outside profiles must not wait for one that is not always there.
            assert set(services[other].get("profiles", [])) <= set(service.get("profiles", []))


def test_no_service_waits_for_itself(services):
    def check(name, path):
        assert name not in path, f"circle: {' > '.join([*path, name])}"
        for other in services[name].get("depends_on", {}):
            check(other, [*path, name])

    for name in services:
        check(name, [])


def test_every_lasting_service_has_a_health_check_and_comes_back(services):
    for name, service in services.items():
        if name != "setup":
            assert "healthcheck" in service, name
            assert service["restart"] == "unless-stopped", name


def test_no_service_has_more_rights_than_it_needs(services):
    for name, service in services.items():
        assert not service.get("privileged"), name
        assert not service.get("cap_add"), name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["read_only"], name
        assert service["user"] not in {"root", "0", "0:0"}, name
        assert not any("docker.sock" in volume for volume in service.get("volumes", [])), name


def test_only_nginx_is_reachable_from_outside_and_postgresql_from_nowhere(compose, services):
    assert [name for name, service in services.items() if "ports" in service] == ["nginx"]
    assert compose["networks"]["backend"]["internal"]
    for name in POSTGRES_SERVICES:
        assert services[name]["networks"] == ["backend"]
    assert "backend" not in services["nginx"]["networks"]
    # An unprivileged process cannot listen below 1024.
    assert all(int(port.split(":")[-1]) >= 1024 for port in services["nginx"]["ports"])


def test_no_password_stands_in_the_files(compose, services):
    for name, service in services.items():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|TOKEN", variable):
                assert variable.endswith("_FILE"), f"{name}: {variable}"
                assert str(value).removeprefix("/run/secrets/") in service["secrets"], f"{name}: {variable}"
    ignored = [line.rstrip("/") for line in (DEPLOY / ".gitignore").read_text().split()]
    for secret in compose["secrets"].values():
        folder = Path(secret["file"]).parts[1]
        assert folder in ignored, f"{secret['file']} could be committed"
    assert not re.search(r"(?mi)^\s*(db_password|admin_passwd|smtp_password)\s*=", (ROOT / "odoo.conf").read_text())


def test_background_jobs_run_in_the_cron_service_only(services):
    assert services["web"]["command"] == ["web"]
    assert services["cron"]["command"] == ["cron"]
    conf = read_odoo_conf()
    assert conf["max_cron_threads"] == "0"


def test_web_servers_can_be_multiplied(services):
    web = services["web"]
    assert "container_name" not in web
    assert "ports" not in web
    assert int(web["deploy"]["replicas"]) >= 2
    # Sessions and attachments are shared.
    assert {tuple(services[name]["volumes"]) for name in ODOO_SERVICES} == {("odoo-data:/var/lib/odoo",)}
    assert read_odoo_conf()["data_dir"] == "/var/lib/odoo"


def test_replica_belongs_to_the_profile_scale_and_matches_the_primary(services):
    assert services["replica"]["profiles"] == ["scale"]
    assert [name for name, service in services.items() if "profiles" in service] == ["replica"]
    primary, replica = (postgres_settings(services[name]["command"]) for name in POSTGRES_SERVICES)
    # A standby refuses to start with fewer connections than its primary.
    assert int(replica["max_connections"]) >= int(primary["max_connections"])
    assert primary["wal_level"] == "replica"
    assert "max_slot_wal_keep_size" in primary, "a replica that is away would fill the primary's disk"
    assert services["db"]["image"] == services["replica"]["image"] == "postgres:17"


def test_web_servers_read_from_the_replica_only_when_told(services):
    assert services["web"]["environment"]["PGHOST_REPLICA"] == ""
    scaled = load_compose({"PSA_DOMAIN": "psa.example.com", "PSA_REPLICA_HOST": "replica"})
    assert scaled["services"]["web"]["environment"]["PGHOST_REPLICA"] == "replica"
    commented = (DEPLOY / "env.example").read_text()
    assert "#COMPOSE_PROFILES=scale" in commented
    assert "#PSA_REPLICA_HOST=replica" in commented


def test_connections_fit_into_postgresql(services):
    conf = read_odoo_conf()
    settings = read_settings(DEPLOY / "env.example")
    workers = int(settings["PSA_WEB_SERVERS"]) * int(conf["workers"]) + int(settings["PSA_CRON_WORKERS"])
    websocket = int(settings["PSA_WEB_SERVERS"]) * int(conf["db_maxconn_gevent"])

    most = workers * int(conf["db_maxconn"]) + websocket

    assert most <= int(postgres_settings(services["db"]["command"])["max_connections"]) - 10


def postgres_settings(command):
    """Return the ``-c name=value`` settings of a PostgreSQL command line."""
    return dict(word.split("=", 1) for flag, word in itertools.pairwise(command) if flag == "-c")


# Dockerfile


def dockerfile():
    """Return the Dockerfile's instructions as (word, rest), continuation lines joined."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = (line.strip() for line in text.splitlines())
    return [tuple(line.split(None, 1)) for line in lines if line and not line.startswith("#")]


def test_dockerfile_starts_from_odoos_image_and_ends_unprivileged():
    instructions = dockerfile()

    known = {"ARG", "FROM", "LABEL", "USER", "COPY", "RUN", "ENV", "EXPOSE", "ENTRYPOINT", "CMD", "HEALTHCHECK", "WORKDIR"}
    assert {word for word, _rest in instructions} <= known
    assert instructions[0] == ("ARG", "ODOO_IMAGE=odoo:19.0")
    assert instructions[1] == ("FROM", "${ODOO_IMAGE}")
    assert [rest for word, rest in instructions if word == "USER"][-1] == "odoo"


def test_dockerfile_copies_what_exists_and_what_the_context_has():
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")]
    for word, rest in dockerfile():
        if word == "COPY":
            *sources, target = [part for part in shlex.split(rest) if not part.startswith("--")]
            assert target.startswith("/")
            for source in sources:
                assert (ROOT / source).exists(), f"{source} is not there"
                assert any(source == root or source.startswith(f"{root}/") for root in allowed), f"{source} is ignored"


def test_dockerfile_and_compose_name_the_same_things(services):
    copied = {}
    for word, rest in dockerfile():
        if word == "COPY":
            *sources, target = [part for part in shlex.split(rest) if not part.startswith("--")]
            for source in sources:
                copied[target + Path(source).name if target.endswith("/") else target] = source
    instructions = dict(dockerfile())
    entrypoint = json.loads(instructions["ENTRYPOINT"])

    assert copied[entrypoint[0]] == "deploy/odoo/entrypoint.sh"
    assert copied["/etc/odoo/odoo.conf"] == "odoo.conf"
    for name in ("web", "cron"):
        assert copied[services[name]["healthcheck"]["test"][2]] == "deploy/odoo/probe.py"
    assert read_odoo_conf()["addons_path"].split(",")[0] in copied
    assert set(instructions["EXPOSE"].split()) == set(services["web"]["expose"])
    # The private copy of odoo.conf is written to memory.
    folder = Path(instructions["ENV"].removeprefix("ODOO_RC=")).parent
    assert any(mount.split(":")[0] == str(folder) for mount in services["web"]["tmpfs"])


def test_the_image_has_every_python_package_that_the_addons_ask_for():
    asked = {}
    for path in ROOT.glob("addons/*/__manifest__.py"):
        manifest = ast.literal_eval(path.read_text())
        for package in manifest.get("external_dependencies", {}).get("python", []):
            asked[re.split(r"[^\w-]", package)[0].lower().replace("_", "-")] = path.parent.name

    missing = {package: addon for package, addon in asked.items() if package not in PACKAGES_OF_THE_IMAGE}

    assert not missing, f"install them in the Dockerfile from a lock file with hashes: {missing}"


def test_build_context_has_no_secret_and_no_repository():
    lines = (ROOT / ".dockerignore").read_text().split()
    assert lines[0] == "*"
    for path in (".git", ".env", "deploy/secrets/odoo_db_password"):
        assert not any(line.startswith("!") and fnmatch.fnmatch(path, f"{line[1:]}*") for line in lines), path


# odoo.conf


@pytest.fixture(scope="module")
def odoo_options():
    """What Odoo itself makes of odoo.conf: (options, complaints)."""
    code = """
import json, logging, sys, warnings
complaints = []
class Keep(logging.Handler):
    def emit(self, record):
        complaints.append(record.getMessage())
logging.getLogger().addHandler(Keep(logging.WARNING))
warnings.showwarning = lambda message, *args, **kwargs: complaints.append(str(message))
warnings.simplefilter('always')
from odoo.tools import config
complaints.clear()
config.parse_config(['-c', sys.argv[1]], setup_logging=False)
print(json.dumps({'options': {key: config[key] for key in config.options}, 'complaints': complaints}, default=str))
"""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "ODOO_"))}
    done = subprocess.run(
        [os.environ.get("PSA_PYTHON") or sys.executable, "-c", code, ROOT / "odoo.conf"],
        capture_output=True,
        text=True,
        env=clean,
    )
    assert not done.returncode, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    return answer["options"], answer["complaints"]


def test_odoo_understands_every_option(odoo_options):
    options, complaints = odoo_options

    assert set(read_odoo_conf()) <= set(options)
    # The folders of the container are not on this machine.
    assert [text for text in complaints if "no such directory" not in text] == []


def test_odoo_reads_the_production_settings(odoo_options):
    options, _complaints = odoo_options

    assert options["workers"] >= 2
    assert options["proxy_mode"] is True
    assert options["list_db"] is False
    assert options["with_demo"] is False
    assert options["db_name"] == ["psa"]
    assert re.fullmatch(options["dbfilter"], "psa")
    assert not re.fullmatch(options["dbfilter"], "psa_copy")
    assert options["db_replica_host"] is None
    assert options["dev_mode"] == []
    assert options["limit_memory_soft"] < options["limit_memory_hard"]
    assert options["limit_time_cpu"] <= options["limit_time_real"] <= options["limit_time_real_cron"]
    assert options["logfile"] in ("", None)
    assert (options["http_port"], options["gevent_port"]) == (8069, 8072)


def test_every_option_is_explained():
    blocks = re.split(r"\n(?=; ---)", (ROOT / "odoo.conf").read_text())[1:]

    assert len(blocks) >= 6
    for block in blocks:
        comments = [line for line in block.splitlines()[1:] if line.startswith(";")]
        assert comments, f"nothing is explained in:\n{block}"


# Scripts


@pytest.mark.parametrize("path", sorted(DEPLOY.glob("**/*.sh")), ids=lambda path: path.name)
def test_script_is_executable_and_well_formed(path):
    assert path.stat().st_mode & stat.S_IXUSR
    assert path.read_text().startswith("#!/bin/sh\n")
    assert re.search(r"(?m)^set -eu$", path.read_text())
    done = subprocess.run(["sh", "-n", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def make_secrets(folder, *arguments):
    """Run make-secrets.sh as if it were in this folder."""
    script = folder / "make-secrets.sh"
    script.write_text((DEPLOY / "make-secrets.sh").read_text())
    return subprocess.run(["sh", script, *arguments], capture_output=True, text=True)


def test_make_secrets_makes_what_compose_mounts(tmp_path, compose):
    certificate, key = make_certificate(tmp_path)

    done = make_secrets(tmp_path, certificate, key)

    assert done.returncode == 0, done.stderr
    wanted = {Path(secret["file"]).name for secret in compose["secrets"].values()}
    made = {path.name: path for path in (tmp_path / "secrets").iterdir()}
    assert set(made) == wanted
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o444 for path in made.values())
    passwords = [path.read_text().strip() for name, path in made.items() if name.endswith("password")]
    assert len(set(passwords)) == len(passwords) == 5
    assert all(len(password) == 48 for password in passwords)


def test_make_secrets_keeps_passwords_and_renews_the_certificate(tmp_path):
    make_secrets(tmp_path, *make_certificate(tmp_path))
    before = {path.name: path.read_bytes() for path in (tmp_path / "secrets").iterdir()}

    done = make_secrets(tmp_path, *make_certificate(tmp_path))

    assert done.returncode == 0, done.stderr
    after = {path.name: path.read_bytes() for path in (tmp_path / "secrets").iterdir()}
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"tls_certificate.pem", "tls_key.pem"}


def test_make_secrets_says_when_the_certificate_is_missing(tmp_path):
    done = make_secrets(tmp_path)

    assert done.returncode == 1
    assert "tls_certificate.pem" in done.stderr


def run_entrypoint(folder, *arguments, **env):
    """Run the entrypoint with a command in Odoo's place that shows its environment and arguments."""
    fake = folder / "show"
    fake.write_text('#!/bin/sh\necho "args=$*"\nenv\n')
    fake.chmod(0o755)
    base = {"PATH": os.environ["PATH"], "ODOO_COMMAND": str(fake), "ODOO_PYTHON": "true"}
    conf = {"ODOO_CONF_SOURCE": str(ROOT / "odoo.conf"), "ODOO_RC": str(folder / "run" / "odoo.conf")}
    return subprocess.run(
        [DEPLOY / "odoo" / "entrypoint.sh", *arguments], env={**base, **conf, **env}, capture_output=True, text=True
    )


def test_entrypoint_drops_an_empty_replica_and_keeps_a_named_one(tmp_path):
    assert "PGHOST_REPLICA" not in run_entrypoint(tmp_path, "web", PGHOST_REPLICA="").stdout
    assert "PGHOST_REPLICA=replica" in run_entrypoint(tmp_path, "web", PGHOST_REPLICA="replica").stdout


def test_entrypoint_reads_secrets_from_files_and_keeps_them_private(tmp_path):
    (tmp_path / "db").write_text("pa%ss: word\n")
    (tmp_path / "master").write_text("the master's\n")

    done = run_entrypoint(
        tmp_path, "web", PGPASSWORD_FILE=str(tmp_path / "db"), ODOO_MASTER_PASSWORD_FILE=str(tmp_path / "master")
    )

    assert "PGPASSWORD=pa%ss: word" in done.stdout
    assert "pa%ss" not in done.stdout.split("\n")[0], "the password stands on the command line"
    private = tmp_path / "run" / "odoo.conf"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    parser = configparser.RawConfigParser()
    parser.read(private)
    assert parser["options"]["admin_passwd"] == "the master's"
    assert parser["options"]["list_db"] == "False"


def test_entrypoint_says_which_secret_is_missing(tmp_path):
    done = run_entrypoint(tmp_path, "web", PGPASSWORD_FILE=str(tmp_path / "none"))

    assert done.returncode == 78
    assert "PGPASSWORD_FILE" in done.stderr
    assert "make-secrets.sh" in done.stderr


def test_entrypoint_gives_each_role_its_own_kind_of_server(tmp_path):
    web = run_entrypoint(tmp_path, "web", "--workers=3").stdout
    cron = run_entrypoint(tmp_path, "cron", ODOO_CRON_WORKERS="4").stdout
    shell = run_entrypoint(tmp_path, "shell", "--no-http").stdout

    assert web.startswith("args=server --max-cron-threads=0 --workers=3\n")
    assert "PGAPPNAME=psa-web-{pid}" in web
    assert cron.startswith("args=server --no-http --workers=1 --max-cron-threads=4\n")
    assert "PGAPPNAME=psa-cron-{pid}" in cron
    assert shell.startswith("args=shell --no-http\n")


# The administrator guide


def test_guide_names_files_services_and_settings_that_exist(services):
    guide = (ROOT / "docs" / "administrator_guide.md").read_text()

    for path in set(re.findall(r"`((?:deploy|tests|docs|addons)/[\w./-]*\w)", guide)):
        assert (ROOT / path).exists() or path.startswith("deploy/secrets"), path
    for name in re.findall(r"\bPSA_(?:DOMAIN|WEB_\w+|CRON_\w+|DB_\w+|REPLICA_\w+)", guide):
        assert name in (DEPLOY / "env.example").read_text(), name
    for command in re.findall(r"docker compose (?:run|exec|stop|logs)([^\n`|]*)", guide):
        assert set(command.split()) & set(services), command
    for name in ("limit_time_real", "workers", "dbfilter", "list_db"):
        assert name in read_odoo_conf()
    named = set(re.findall(r"`(db_\w+|max_\w+|log_\w+|workers|dbfilter|list_db|data_dir|addons_path|smtp_server)[` =]", guide))
    assert named <= set(read_odoo_conf()) | {"max_connections"}
