#!/bin/sh
# Starts one process of the suite: entrypoint.sh web|cron|setup [Odoo's options], or any other Odoo command (shell, db, module …).
#
#   web    HTTP workers and the websocket process, no background jobs
#   cron   background jobs only
#   setup  waits for PostgreSQL, then installs the suite, or brings installed modules up to date; ends when done
#
# Settings: the PG* variables of PostgreSQL; *_FILE names a file that holds the value (PGPASSWORD_FILE, ODOO_MASTER_PASSWORD_FILE,
# ODOO_ADMIN_PASSWORD_FILE); ODOO_CONF_SOURCE is the configuration to start from, ODOO_RC the private copy that is made of it.
set -eu

here=$(dirname "$0")
odoo=${ODOO_COMMAND:-odoo}
python=${ODOO_PYTHON:-python3}
source=${ODOO_CONF_SOURCE:-/etc/odoo/odoo.conf}
ODOO_RC=${ODOO_RC:-/run/odoo/odoo.conf}
PGDATABASE=${PGDATABASE:-psa}
export ODOO_RC PGDATABASE

fail() {
    echo "entrypoint: $1" >&2
    exit 78
}

secret() {
    [ -r "$1" ] || fail "cannot read $1 ($2). Create it with deploy/make-secrets.sh; it must be readable in the container."
    value=$(head -n 1 "$1")
    [ -n "$value" ] || fail "$1 ($2) is empty."
}

if [ -n "${PGPASSWORD_FILE:-}" ]; then
    secret "$PGPASSWORD_FILE" PGPASSWORD_FILE
    PGPASSWORD=$value
    export PGPASSWORD
fi

# An empty replica host would make Odoo simulate a replica on the primary.
[ -n "${PGHOST_REPLICA:-}" ] || unset PGHOST_REPLICA
[ -n "${PGPORT_REPLICA:-}" ] || unset PGPORT_REPLICA

[ -r "$source" ] || fail "cannot read the configuration $source."
umask 077
mkdir -p "$(dirname "$ODOO_RC")"
cat "$source" > "$ODOO_RC"
if [ -n "${ODOO_MASTER_PASSWORD_FILE:-}" ]; then
    secret "$ODOO_MASTER_PASSWORD_FILE" ODOO_MASTER_PASSWORD_FILE
    printf '\nadmin_passwd = %s\n' "$value" >> "$ODOO_RC"
fi
unset value
# Sessions and attachments are shared by the servers, which may run as different users of one group.
umask 027

role=${1:-web}
[ $# -eq 0 ] || shift
case "$role" in
    web)
        "$python" "$here/probe.py" wait
        PGAPPNAME="psa-web-{pid}" exec $odoo server --max-cron-threads=0 "$@"
        ;;
    cron)
        "$python" "$here/probe.py" wait
        # workers=1 chooses Odoo's process model, in which a stuck job is ended at limit_time_real_cron; --no-http leaves only cron workers.
        PGAPPNAME="psa-cron-{pid}" exec $odoo server --no-http --workers=1 "--max-cron-threads=${ODOO_CRON_WORKERS:-2}" "$@"
        ;;
    setup)
        "$python" "$here/probe.py" wait
        modules=${ODOO_MODULES:-psa}
        if "$python" "$here/probe.py" installed "$modules"; then
            echo "entrypoint: $modules is installed in $PGDATABASE; upgrading what is older than its files." >&2
            $odoo module upgrade all --outdated
        else
            echo "entrypoint: installing $modules in $PGDATABASE." >&2
            $odoo server --no-http --workers=0 --max-cron-threads=0 --stop-after-init -i "$modules" "$@"
            "$python" "$here/probe.py" installed "$modules" || fail "$modules is not installed; the log above says why."
            ODOO_FIRST_START=1
            export ODOO_FIRST_START
        fi
        $odoo shell --no-http < "$here/first_settings.py"
        $odoo shell --no-http < "$here/build_pages.py"
        ;;
    *)
        exec $odoo "$role" "$@"
        ;;
esac
