#!/bin/sh
# Usage: deploy/make-secrets.sh [CERTIFICATE-CHAIN.pem KEY.pem]
# Makes deploy/secrets/: a random password in each file that is not there yet, and a copy of the certificate and its key (again
# whenever they are given: this is how a renewed certificate gets in; then
# `docker compose up --detach --force-recreate nginx`).
# The folder is closed to other users of this machine; the files in it are readable by all because the services that get them
# mounted run as different users.
set -eu

folder=$(dirname "$0")/secrets
mkdir -p "$folder"
chmod 700 "$folder"

for name in postgres_password odoo_db_password replication_password odoo_master_password odoo_admin_password; do
    file=$folder/$name
    if [ ! -s "$file" ]; then
        od -An -N24 -tx1 /dev/urandom | tr -d ' \n' > "$file"
        echo >> "$file"
        echo "made $file"
    fi
    chmod 444 "$file"
done

if [ $# -eq 2 ]; then
    cat "$1" > "$folder/tls_certificate.new"
    cat "$2" > "$folder/tls_key.new"
    mv -f "$folder/tls_certificate.new" "$folder/tls_certificate.pem"
    mv -f "$folder/tls_key.new" "$folder/tls_key.pem"
    chmod 444 "$folder/tls_certificate.pem" "$folder/tls_key.pem"
elif [ $# -ne 0 ]; then
    echo "give a certificate chain and its key, or nothing" >&2
    exit 64
fi
for name in tls_certificate.pem tls_key.pem; do
    if [ ! -s "$folder/$name" ]; then
        echo "missing: $folder/$name. Run again with the certificate chain and its key: deploy/make-secrets.sh CHAIN.pem KEY.pem" >&2
        exit 1
    fi
done
