#!/bin/sh
# Starts a streaming replica: copies the primary when the data folder is empty, then runs as hot standby.
# Settings: PRIMARY_HOST, PRIMARY_PORT, REPLICATION_PASSWORD_FILE, PGDATA; arguments go to postgres.
set -eu

umask 077
PGPASSFILE=${REPLICATION_PASSFILE:-/tmp/replication.pgpass}
export PGPASSFILE
# host:port:database:user:password, where a backslash or colon of the password is escaped.
password=$(head -n 1 "$REPLICATION_PASSWORD_FILE" | sed 's/[\\:]/\\&/g')
printf '%s:%s:*:replicator:%s\n' "$PRIMARY_HOST" "${PRIMARY_PORT:-5432}" "$password" > "$PGPASSFILE"
unset password

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    mkdir -p "$PGDATA"
    # What an interrupted copy left; a finished one has PG_VERSION, which is written here last of all.
    find "$PGDATA" -mindepth 1 -delete
    until pg_isready --quiet --host "$PRIMARY_HOST" --port "${PRIMARY_PORT:-5432}"; do
        echo "replica: waiting for $PRIMARY_HOST" >&2
        sleep 1
    done
    copy="$PGDATA/copy"
    pg_basebackup --host "$PRIMARY_HOST" --port "${PRIMARY_PORT:-5432}" --username replicator --no-password \
        --pgdata "$copy" --wal-method=stream --slot=psa_replica --checkpoint=fast --write-recovery-conf
    mv "$copy/PG_VERSION" "$copy.version"
    find "$copy" -mindepth 1 -maxdepth 1 -exec mv {} "$PGDATA/" \;
    rmdir "$copy"
    mv "$copy.version" "$PGDATA/PG_VERSION"
    chmod 700 "$PGDATA"
fi
exec postgres -D "$PGDATA" -c hot_standby=on -c hot_standby_feedback=on "$@"
