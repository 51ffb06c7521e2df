#!/bin/sh
# Runs once, when the primary's data folder is made (docker-entrypoint-initdb.d): Odoo's role, which is no superuser, its
# empty database, and the role and slot of the streaming replica. Safe to run again.
set -eu

odoo_password=$(head -n 1 "$ODOO_DB_PASSWORD_FILE")
replication_password=$(head -n 1 "$REPLICATION_PASSWORD_FILE")
database=${ODOO_DB_NAME:-psa}

psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet --username "${POSTGRES_USER:-postgres}" --dbname postgres \
    -v odoo_password="$odoo_password" -v replication_password="$replication_password" -v database="$database" <<'SQL'
SELECT 'CREATE ROLE odoo LOGIN CREATEDB' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'odoo') \gexec
SELECT 'CREATE ROLE replicator LOGIN REPLICATION' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'replicator') \gexec
ALTER ROLE odoo PASSWORD :'odoo_password';
ALTER ROLE replicator PASSWORD :'replication_password';
SELECT format('CREATE DATABASE %I OWNER odoo ENCODING ''UTF8'' LC_COLLATE ''C'' TEMPLATE template0', :'database')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
SELECT pg_create_physical_replication_slot('psa_replica')
 WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = 'psa_replica');
\connect :"database"
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;
SQL

# The image's own rules let every role reach every database by password; replication needs a line of its own.
rule='host replication replicator samenet scram-sha-256'
grep -qxF "$rule" "$PGDATA/pg_hba.conf" || echo "$rule" >> "$PGDATA/pg_hba.conf"
psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet --username "${POSTGRES_USER:-postgres}" --dbname postgres \
    --command 'SELECT pg_reload_conf()' > /dev/null
