#!/bin/sh
# Usage: deploy/restore.sh FILE.tar --force
# Replaces database and file store of the composition by those of a backup. Everything that was entered since is lost, hence
# --force. The archive is checked before anything is touched; the new database takes the old one's place only when it is complete.
set -eu

[ $# -eq 2 ] && [ "$2" = --force ] || { echo "usage: $0 FILE.tar --force (replaces the present database)" >&2; exit 64; }
source=$1
database=${PSA_DATABASE:-psa}
root=$(cd "$(dirname "$0")/.." && pwd)
compose() { docker compose --project-directory "$root" "$@"; }
umask 077
work=$(mktemp -d "$(dirname "$source")/psa-restore.XXXXXX")
trap 'rm -rf "$work"' EXIT

tar --extract --file="$source" --directory="$work"
(cd "$work" && sha256sum --check --quiet SHA256SUMS) || { echo "$source is damaged; nothing was changed." >&2; exit 65; }

in_db() { compose exec -T db "$@"; }

in_db dropdb -U postgres --if-exists "$database.new"
in_db createdb -U postgres --owner=odoo --encoding=UTF8 --lc-collate=C --template=template0 "$database.new"
in_db pg_restore -U postgres --role=odoo --no-owner --no-privileges --exit-on-error --dbname="$database.new" < "$work/database.dump"

compose stop nginx web cron
compose run --rm -T --no-deps --entrypoint tar cron --extract --directory=/var/lib/odoo/filestore < "$work/filestore.tar"
in_db dropdb -U postgres --if-exists --force "$database"
in_db psql -U postgres --quiet --dbname=postgres --command="ALTER DATABASE \"$database.new\" RENAME TO \"$database\""
echo "Restored. Start with: docker compose up --detach"
