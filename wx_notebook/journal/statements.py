"""The SQL of the journal. Values are always parameters."""

from __future__ import annotations

VERSION = 1
TABLES = """
CREATE TABLE IF NOT EXISTS batches (
    id TEXT PRIMARY KEY, began REAL NOT NULL, ended REAL, state TEXT NOT NULL, place TEXT,
    model TEXT, prompt TEXT, code TEXT, total INTEGER, done INTEGER, failed INTEGER, tokens INTEGER
);
CREATE TABLE IF NOT EXISTS answers (
    key BLOB PRIMARY KEY, batch TEXT NOT NULL, state TEXT NOT NULL, position INTEGER, at REAL,
    prompt TEXT, text TEXT, model TEXT, finish TEXT, input_tokens INTEGER, output_tokens INTEGER,
    request TEXT, seconds REAL
);
CREATE INDEX IF NOT EXISTS answers_by_batch ON answers (batch, position);
"""

PUT_BATCH = """
INSERT OR REPLACE INTO batches (
    id, began, ended, state, place, model, prompt, code, total, done, failed, tokens
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
END_BATCH = """
UPDATE batches SET ended = ?, state = ?, total = ?, done = ?, failed = ?, tokens = ? WHERE id = ?
"""
#: What a process that was killed has counted nowhere is counted by its answers.
GET_BATCHES = """
SELECT id, began, ended, state, place, model, prompt, code, total,
    CASE WHEN ended IS NULL THEN (
        SELECT count(*) FROM answers WHERE batch = batches.id AND state = 'done'
    ) ELSE done END,
    failed, tokens,
    (SELECT count(*) FROM answers WHERE batch = batches.id AND state = 'started')
FROM batches
"""
DELETE_ANSWERS = "DELETE FROM answers WHERE batch = ?"
DELETE_BATCH = "DELETE FROM batches WHERE id = ?"

#: An answer that is there already stays until the new one has come.
START = """
INSERT INTO answers (key, batch, state, position, at) VALUES (?, ?, 'started', ?, ?)
ON CONFLICT (key) DO UPDATE SET
    at = excluded.at,
    batch = CASE WHEN state = 'started' THEN excluded.batch ELSE batch END
"""
FORGET_START = "DELETE FROM answers WHERE key = ? AND state = 'started'"
PUT_ANSWER = """
INSERT OR REPLACE INTO answers (
    key, batch, state, position, at, prompt, text, model, finish, input_tokens, output_tokens,
    request, seconds
) VALUES (?, ?, 'done', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
GET_ANSWER = """
SELECT state, batch, text, model, finish, input_tokens, output_tokens, request, seconds, position,
    prompt, at
FROM answers WHERE key = ?
"""
GET_ANSWERS = """
SELECT text, model, finish, input_tokens, output_tokens, request, seconds, position, prompt, at
FROM answers WHERE batch = ? AND state = 'done' ORDER BY position
"""
