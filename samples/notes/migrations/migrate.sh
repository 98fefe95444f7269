#!/bin/sh
# Applies the migrations that the database does not have yet, each in a transaction of its own.
set -eu
sql() { psql -v ON_ERROR_STOP=1 --no-psqlrc -qtA "$@"; }
sql -c 'CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY)' 2>/dev/null
for file in /migrations/*.sql; do
  name=$(basename "$file" .sql)
  [ -z "$(sql -c "SELECT 1 FROM migrations WHERE name = '$name'")" ] || continue
  echo "migration $name"
  sql --single-transaction -f "$file" -c "INSERT INTO migrations VALUES ('$name')"
done
