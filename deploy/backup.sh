#!/bin/sh
# Usage: deploy/backup.sh FILE.tar
# Writes database and file store of the running composition to one archive, with checksums. Nothing has to be stopped: the
# database is dumped as of one moment, and the files it knows of are copied after it.
set -eu

[ $# -eq 1 ] || { echo "usage: $0 FILE.tar" >&2; exit 64; }
target=$1
[ ! -e "$target" ] || { echo "$target exists; backups are never overwritten." >&2; exit 73; }
database=${PSA_DATABASE:-psa}
root=$(cd "$(dirname "$0")/.." && pwd)
compose() { docker compose --project-directory "$root" "$@"; }
umask 077
work=$(mktemp -d "$(dirname "$target")/psa-backup.XXXXXX")
trap 'rm -rf "$work"' EXIT

compose exec -T db pg_dump -U postgres --format=custom --dbname="$database" > "$work/database.dump"
compose run --rm -T --no-deps --entrypoint tar cron \
    --create --directory=/var/lib/odoo/filestore "$database" > "$work/filestore.tar"
(cd "$work" && sha256sum database.dump filestore.tar > SHA256SUMS)
tar --create --file="$work/all" --directory="$work" SHA256SUMS database.dump filestore.tar
mv "$work/all" "$target"
