#include "store/internal.h"

/* Outputs stand in a table of their own: they are large and leave after the retention time, while call
 * rows stay. A call's rowid is its output's. STRICT: SQLite then refuses a value of the wrong type. */
const char *const hats_store_migrations[HATS_STORE_SCHEMA_VERSION] = {
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "INSERT INTO meta VALUES ('schema', 1);"
    "CREATE TABLE tenants ("
    " id INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL UNIQUE,"
    " salt BLOB NOT NULL,"
    " token_hash BLOB NOT NULL UNIQUE,"
    " created_ms INTEGER NOT NULL,"
    " disabled INTEGER NOT NULL) STRICT;"
    "CREATE TABLE keys ("
    " kid BLOB PRIMARY KEY,"
    " tenant INTEGER NOT NULL REFERENCES tenants (id),"
    " owner BLOB NOT NULL,"
    " set_id INTEGER NOT NULL,"
    " registered_ms INTEGER NOT NULL,"
    " revoked_ms INTEGER NOT NULL,"
    " public_key BLOB NOT NULL) STRICT;"
    "CREATE INDEX keys_of_tenant ON keys (tenant, registered_ms, kid);"
    "CREATE TABLE calls ("
    " id INTEGER PRIMARY KEY,"
    " tenant INTEGER NOT NULL REFERENCES tenants (id),"
    " sid BLOB NOT NULL,"
    " i INTEGER NOT NULL,"
    " request_digest BLOB NOT NULL,"
    " kid BLOB NOT NULL REFERENCES keys (kid),"
    " state INTEGER NOT NULL,"
    " flood_seed BLOB NOT NULL,"
    " accepted_ms INTEGER NOT NULL,"
    " lease_until_ms INTEGER NOT NULL,"
    " sealed_ms INTEGER NOT NULL,"
    " receipt_id BLOB,"
    " UNIQUE (tenant, sid, i)) STRICT;"
    "CREATE TABLE outputs ("
    " call INTEGER PRIMARY KEY REFERENCES calls (id),"
    " sealed_ms INTEGER NOT NULL,"
    " bytes BLOB NOT NULL) STRICT;"
    "CREATE INDEX outputs_by_age ON outputs (sealed_ms);"
    "CREATE TABLE receipts ("
    " id BLOB PRIMARY KEY,"
    " tenant INTEGER NOT NULL REFERENCES tenants (id),"
    " bytes BLOB NOT NULL) STRICT;"
    "CREATE TABLE models ("
    " commitment BLOB PRIMARY KEY,"
    " plan_digest BLOB NOT NULL,"
    " name TEXT NOT NULL,"
    " version TEXT NOT NULL,"
    " first_ms INTEGER NOT NULL,"
    " last_ms INTEGER NOT NULL) STRICT;",
};

#define CALL_ID "tenant = ? AND sid = ? AND i = ?"

const char *const hats_store_sql[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_SAVEPOINT] = "SAVEPOINT op",
    [SQL_RELEASE] = "RELEASE op",
    [SQL_ROLLBACK_TO] = "ROLLBACK TO op",

    [SQL_TENANT_ADD] = "INSERT INTO tenants (name, salt, token_hash, created_ms, disabled)"
                       " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    [SQL_TENANT_DISABLE] = "UPDATE tenants SET disabled = ? WHERE name = ?",
    [SQL_TENANT_LIST] = "SELECT id, name, salt, token_hash, created_ms, disabled FROM tenants"
                        " ORDER BY id",
    [SQL_TENANT_ENABLED] = "SELECT 1 FROM tenants WHERE id = ? AND disabled = 0",

    [SQL_KEY_ADD] = "INSERT INTO keys (kid, tenant, owner, set_id, registered_ms, revoked_ms,"
                    " public_key) VALUES (?, ?, ?, ?, ?, 0, ?) ON CONFLICT DO NOTHING",
    [SQL_KEY_GET] = "SELECT kid, tenant, owner, set_id, registered_ms, revoked_ms, public_key"
                    " FROM keys WHERE kid = ?",
    [SQL_KEY_GET_SHORT] = "SELECT kid, tenant, owner, set_id, registered_ms, revoked_ms"
                          " FROM keys WHERE kid = ?",
    [SQL_KEY_REVOKE] = "UPDATE keys SET revoked_ms = CASE revoked_ms WHEN 0 THEN ? ELSE revoked_ms"
                       " END WHERE tenant = ? AND kid = ?",
    [SQL_KEY_LIST] = "SELECT kid, tenant, owner, set_id, registered_ms, revoked_ms FROM keys"
                     " WHERE tenant = ? ORDER BY registered_ms, kid LIMIT ? OFFSET ?",

    [SQL_CALL_ADD] = "INSERT INTO calls (tenant, sid, i, request_digest, kid, state, flood_seed,"
                     " accepted_ms, lease_until_ms, sealed_ms)"
                     " SELECT ?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8, 0"
                     " WHERE EXISTS (SELECT 1 FROM keys WHERE kid = ?5 AND tenant = ?1"
                     " AND revoked_ms = 0)"
                     " AND EXISTS (SELECT 1 FROM tenants WHERE id = ?1 AND disabled = 0)"
                     " ON CONFLICT DO NOTHING",
    [SQL_CALL_ROW] = "SELECT id, state, request_digest, flood_seed, accepted_ms, lease_until_ms"
                     " FROM calls WHERE " CALL_ID,
    [SQL_CALL_TAKE] = "UPDATE calls SET lease_until_ms = ? WHERE id = ?",
    [SQL_CALL_RELEASE] = "UPDATE calls SET lease_until_ms = 0 WHERE " CALL_ID " AND state = 1",
    [SQL_CALL_SEAL] = "UPDATE calls SET state = 2, sealed_ms = ?, receipt_id = ?"
                      " WHERE id = ? AND state = 1",
    [SQL_CALL_GET] = "SELECT state, request_digest, accepted_ms, lease_until_ms, calls.sealed_ms,"
                     " receipt_id, outputs.bytes, receipts.bytes FROM calls"
                     " LEFT JOIN outputs ON outputs.call = calls.id"
                     " LEFT JOIN receipts ON receipts.id = calls.receipt_id"
                     " WHERE calls.tenant = ? AND sid = ? AND i = ?",
    [SQL_CALL_GET_SHORT] = "SELECT state, request_digest, accepted_ms, lease_until_ms, sealed_ms,"
                           " receipt_id FROM calls WHERE " CALL_ID,
    [SQL_OUTPUT_ADD] = "INSERT INTO outputs (call, sealed_ms, bytes) VALUES (?, ?, ?)",
    [SQL_OUTPUT_EXPIRE] = "DELETE FROM outputs WHERE call IN (SELECT call FROM outputs"
                          " WHERE sealed_ms < ? ORDER BY sealed_ms LIMIT ?)",
    [SQL_RECEIPT_ADD] = "INSERT INTO receipts (id, tenant, bytes) VALUES (?, ?, ?)",
    [SQL_RECEIPT_GET] = "SELECT bytes FROM receipts WHERE id = ? AND tenant = ?",

    [SQL_MODEL_SERVED] = "INSERT INTO models (commitment, plan_digest, name, version, first_ms,"
                         " last_ms) VALUES (?, ?, ?, ?, ?, ?)"
                         " ON CONFLICT DO UPDATE SET last_ms = excluded.last_ms",
    [SQL_MODEL_LIST] = "SELECT commitment, plan_digest, name, version, first_ms, last_ms"
                       " FROM models ORDER BY first_ms, commitment",
};
