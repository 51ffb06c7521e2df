"""Small questions to a running installation, for the entrypoint and for health checks.

    probe.py wait               until PostgreSQL answers (PROBE_TIMEOUT seconds, 60 by default)
    probe.py installed a,b      exit 0 when all these modules are installed
    probe.py web                exit 0 when this server's HTTP and websocket processes answer and reach PostgreSQL
    probe.py cron               exit 0 when a cron worker of this host is connected to PostgreSQL

PostgreSQL is reached by the usual PG* variables; PGPASSWORD_FILE names a file with the password.
"""

import http.client
import json
import os
import sys
import time
from pathlib import Path

import psycopg2


def connect(database):
    password_file = os.environ.get('PGPASSWORD_FILE')
    password = {'password': Path(password_file).read_text().splitlines()[0]} if password_file else {}
    connection = psycopg2.connect(dbname=database, connect_timeout=5, application_name='psa-probe', **password)
    connection.autocommit = True
    return connection


def query(database, statement, parameters=()):
    connection = connect(database)
    try:
        cursor = connection.cursor()
        cursor.execute(statement, parameters)
        return cursor.fetchall()
    finally:
        connection.close()


def wait():
    seconds = float(os.environ.get('PROBE_TIMEOUT', '60'))
    deadline = time.monotonic() + seconds
    while True:
        try:
            connect('postgres').close()
            return
        except psycopg2.OperationalError as error:
            if time.monotonic() > deadline:
                sys.exit(f"PostgreSQL did not answer for {seconds:.0f} s: {str(error).strip()}")
            time.sleep(0.5)


def installed(names):
    database = os.environ.get('PGDATABASE', 'psa')
    wanted = {name.strip() for name in names.split(',') if name.strip()}
    try:
        if query(database, "SELECT to_regclass('ir_module_module')") == [(None,)]:
            sys.exit(1)
        rows = query(
            database, "SELECT name FROM ir_module_module WHERE name = ANY(%s) AND state = 'installed'", [sorted(wanted)],
        )
    except psycopg2.OperationalError as error:
        if 'does not exist' in str(error):
            sys.exit(1)
        raise
    sys.exit(0 if {name for name, in rows} == wanted else 1)


def get(host, port, path):
    connection = http.client.HTTPConnection(host, int(port), timeout=8)
    try:
        connection.request('GET', path)
        response = connection.getresponse()
        if response.status != 200:
            sys.exit(f"{path} on port {port} answers {response.status}")
        return json.load(response)
    finally:
        connection.close()


def web():
    host = os.environ.get('PROBE_HOST', '127.0.0.1')
    http_port = os.environ.get('PROBE_HTTP_PORT', '8069')
    websocket_port = os.environ.get('PROBE_WEBSOCKET_PORT', '8072')
    answers = [
        get(host, http_port, '/web/health?db_server_status=1'),
        get(host, websocket_port, '/websocket/health'),
    ]
    if any(answer['status'] != 'pass' for answer in answers):
        sys.exit(f"unhealthy: {answers}")


def cron():
    # Two hosts never share an address on the database's network; a unix socket has none and means the same host.
    rows = query('postgres', """
        SELECT count(*) FROM pg_stat_activity
         WHERE application_name LIKE 'psa-cron-%%'
           AND client_addr IS NOT DISTINCT FROM inet_client_addr()
    """)
    if not rows[0][0]:
        sys.exit("no cron worker of this host is connected to PostgreSQL")


if __name__ == '__main__':
    commands = {'wait': wait, 'installed': installed, 'web': web, 'cron': cron}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])
