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

    /* Sessions. nf is a device's nullifier, of which one session is live; NULL without a device. calls.model
     * is the name in the path; '' in rows of schema 1, which no session accepted. */
    "UPDATE meta SET value = 2 WHERE key = 'schema';"
    "CREATE TABLE secrets (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE nonces (nonce BLOB PRIMARY KEY, keep_until_ms INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE INDEX nonces_by_age ON nonces (keep_until_ms);"
    "CREATE TABLE sessions ("
    " sid BLOB PRIMARY KEY,"
    " tenant INTEGER NOT NULL REFERENCES tenants (id),"
    " kind INTEGER NOT NULL,"
    " block BLOB NOT NULL,"
    " nf BLOB,"
    " owner BLOB NOT NULL,"
    " calls INTEGER NOT NULL,"
    " opened_ms INTEGER NOT NULL,"
    " not_after_ms INTEGER NOT NULL,"
    " state INTEGER NOT NULL,"
    " ended_ms INTEGER NOT NULL,"
    " receipt_id BLOB NOT NULL REFERENCES receipts (id),"
    " close_digest BLOB,"
    " close_receipt_id BLOB REFERENCES receipts (id)) STRICT;"
    "CREATE UNIQUE INDEX live_session_of_device ON sessions (nf)"
    " WHERE state = 1 AND nf IS NOT NULL;"
    "ALTER TABLE calls ADD COLUMN model TEXT NOT NULL DEFAULT '';",

    /* The log. Receipts of older schemas come first, in the order in which they were written. */
    "UPDATE meta SET value = 3 WHERE key = 'schema';"
    "CREATE TABLE log ("
    " idx INTEGER PRIMARY KEY,"
    " entry BLOB NOT NULL UNIQUE REFERENCES receipts (id)) STRICT;"
    "INSERT INTO log (idx, entry)"
    " SELECT row_number() OVER (ORDER BY rowid) - 1, id FROM receipts;"
    "CREATE TRIGGER log_grows_by_one BEFORE INSERT ON log"
    " WHEN new.idx <> (SELECT coalesce(max(idx) + 1, 0) FROM log)"
    " BEGIN SELECT RAISE(ABORT, 'the log grows by one'); END;"
    "CREATE TRIGGER log_is_kept BEFORE DELETE ON log"
    " BEGIN SELECT RAISE(ABORT, 'the log is kept'); END;"
    "CREATE TRIGGER log_is_not_rewritten BEFORE UPDATE ON log"
    " BEGIN SELECT RAISE(ABORT, 'the log is not rewritten'); END;",
};

#define CALL_ID "tenant = ?1 AND sid = ?2 AND i = ?3"

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
    [SQL_KEY_LIVE] = "SELECT 1 FROM keys WHERE kid = ? AND tenant = ? AND revoked_ms = 0",
    [SQL_KEY_REVOKE] = "UPDATE keys SET revoked_ms = CASE revoked_ms WHEN 0 THEN ? ELSE revoked_ms"
                       " END WHERE tenant = ? AND kid = ?",
    [SQL_KEY_LIST] = "SELECT kid, tenant, owner, set_id, registered_ms, revoked_ms FROM keys"
                     " WHERE tenant = ? ORDER BY registered_ms, kid LIMIT ? OFFSET ?",

    [SQL_CALL_ADD] = "INSERT INTO calls (tenant, sid, i, request_digest, kid, state, flood_seed,"
                     " accepted_ms, lease_until_ms, sealed_ms, model)"
                     " SELECT ?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8, 0, ?9"
                     " WHERE EXISTS (SELECT 1 FROM keys WHERE kid = ?5 AND tenant = ?1"
                     " AND revoked_ms = 0)"
                     " AND EXISTS (SELECT 1 FROM tenants WHERE id = ?1 AND disabled = 0)"
                     " AND EXISTS (SELECT 1 FROM sessions WHERE sid = ?2 AND tenant = ?1"
                     " AND state = 1 AND not_after_ms > ?7 AND calls > ?3)"
                     " ON CONFLICT DO NOTHING",
    [SQL_CALL_ROW] = "SELECT id, state, request_digest, flood_seed, accepted_ms, lease_until_ms"
                     " FROM calls WHERE " CALL_ID,
    [SQL_CALL_TAKE] = "UPDATE calls SET lease_until_ms = ? WHERE id = ?",
    [SQL_CALL_RELEASE] = "UPDATE calls SET lease_until_ms = 0 WHERE " CALL_ID " AND state = 1",
    [SQL_CALL_RENEW] = "UPDATE calls SET lease_until_ms = ?4 WHERE " CALL_ID
                       " AND state = 1 AND lease_until_ms = ?5",
    [SQL_CALL_INDICES] = "SELECT i FROM calls WHERE tenant = ? AND sid = ?",
    [SQL_CALL_SEAL] = "UPDATE calls SET state = 2, sealed_ms = ?, receipt_id = ?"
                      " WHERE id = ? AND state = 1",
    [SQL_CALL_GET] = "SELECT state, request_digest, accepted_ms, lease_until_ms, calls.sealed_ms,"
                     " receipt_id, model, outputs.bytes, receipts.bytes FROM calls"
                     " LEFT JOIN outputs ON outputs.call = calls.id"
                     " LEFT JOIN receipts ON receipts.id = calls.receipt_id"
                     " WHERE calls.tenant = ? AND sid = ? AND i = ?",
    [SQL_CALL_GET_SHORT] = "SELECT state, request_digest, accepted_ms, lease_until_ms, sealed_ms,"
                           " receipt_id, model FROM calls WHERE " CALL_ID,
    [SQL_OUTPUT_ADD] = "INSERT INTO outputs (call, sealed_ms, bytes) VALUES (?, ?, ?)",
    [SQL_OUTPUT_EXPIRE] = "DELETE FROM outputs WHERE call IN (SELECT call FROM outputs"
                          " WHERE sealed_ms < ? ORDER BY sealed_ms LIMIT ?)",
    [SQL_RECEIPT_ADD] = "INSERT INTO receipts (id, tenant, bytes) VALUES (?, ?, ?)",
    [SQL_RECEIPT_GET] = "SELECT bytes FROM receipts WHERE id = ? AND tenant = ?",
    [SQL_LOG_ADD] = "INSERT INTO log (idx, entry) SELECT coalesce(max(idx) + 1, 0), ? FROM log",
    [SQL_LOG_SIZE] = "SELECT coalesce(max(idx) + 1, 0) FROM log",
    [SQL_LOG_READ] = "SELECT idx, entry FROM log WHERE idx >= ? ORDER BY idx LIMIT ?",
    [SQL_LOG_INDEX] = "SELECT idx FROM log WHERE entry = ?",

    [SQL_SECRET_ADD] = "INSERT INTO secrets (name, bytes) VALUES ('service', ?)"
                       " ON CONFLICT DO NOTHING",
    [SQL_SECRET_GET] = "SELECT bytes FROM secrets WHERE name = 'service'",
    [SQL_NONCE_ADD] = "INSERT INTO nonces (nonce, keep_until_ms) VALUES (?, ?)"
                      " ON CONFLICT DO NOTHING",
    [SQL_NONCE_EXPIRE] = "DELETE FROM nonces WHERE nonce IN (SELECT nonce FROM nonces"
                         " WHERE keep_until_ms < ? ORDER BY keep_until_ms LIMIT ?)",
    [SQL_SESSION_ADD] =
        "INSERT INTO sessions (sid, tenant, kind, block, nf, owner, calls, opened_ms,"
        " not_after_ms, receipt_id, state, ended_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 0)",
    [SQL_SESSION_SUPERSEDE] = "UPDATE sessions SET state = 2, ended_ms = ?"
                              " WHERE nf = ? AND state = 1",
    [SQL_SESSION_GET] =
        "SELECT sid, tenant, kind, block, nf, owner, calls, opened_ms, not_after_ms,"
        " receipt_id, state, ended_ms, close_digest, close_receipt_id FROM sessions"
        " WHERE sid = ?",
    [SQL_SESSION_END] = "UPDATE sessions SET state = ?, ended_ms = ? WHERE sid = ? AND tenant = ?"
                        " AND state = 1",
    [SQL_SESSION_CLOSE] = "UPDATE sessions SET state = 3, ended_ms = ?, close_digest = ?,"
                          " close_receipt_id = ? WHERE sid = ? AND state = 1",

    [SQL_MODEL_SERVED] = "INSERT INTO models (commitment, plan_digest, name, version, first_ms,"
                         " last_ms) VALUES (?, ?, ?, ?, ?, ?)"
                         " ON CONFLICT DO UPDATE SET last_ms = excluded.last_ms",
    [SQL_MODEL_LIST] = "SELECT commitment, plan_digest, name, version, first_ms, last_ms"
                       " FROM models ORDER BY first_ms, commitment",
};
