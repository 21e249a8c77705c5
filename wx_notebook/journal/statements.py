"""The SQL of the journal. Values are always parameters."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple


class ManyRows(NamedTuple):
    """A statement for any number of rows: Python's lock changes hands at each statement."""

    head: str
    row: str
    tail: str

    @cache  # noqa: B019  # there are two of them, for some hundred numbers
    def of(self, rows: int) -> str:
        """Return the statement for so many rows."""
        return f"{self.head}{', '.join([self.row] * rows)}{self.tail}"


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
CREATE TABLE IF NOT EXISTS reused (
    batch TEXT NOT NULL, key BLOB NOT NULL, position INTEGER, PRIMARY KEY (batch, position)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS reused_by_key ON reused (key);
CREATE TABLE IF NOT EXISTS service_jobs (
    id TEXT PRIMARY KEY, batch TEXT NOT NULL, place TEXT, began REAL, rows INTEGER, job TEXT,
    state TEXT NOT NULL, is_open INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS service_lines (
    job TEXT NOT NULL, key BLOB NOT NULL, position INTEGER, prompt TEXT, PRIMARY KEY (job, key)
);
CREATE INDEX IF NOT EXISTS service_lines_by_key ON service_lines (key);
CREATE TABLE IF NOT EXISTS runs (
    batch TEXT PRIMARY KEY, host TEXT NOT NULL, pid INTEGER NOT NULL, since REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS prompts (
    key BLOB PRIMARY KEY, at REAL NOT NULL, place TEXT, code TEXT, reasoning TEXT
);
"""

PUT_BATCH = """
INSERT OR REPLACE INTO batches (
    id, began, ended, state, place, model, prompt, code, total, done, failed, tokens
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
#: The process that sends the rows of a batch, while it does.
PUT_RUN = "INSERT OR REPLACE INTO runs (batch, host, pid, since) VALUES (?, ?, ?, ?)"
GET_RUNS = "SELECT batch, host, pid, since FROM runs WHERE batch <> ?"
DELETE_RUN = "DELETE FROM runs WHERE batch = ?"
END_BATCH = """
UPDATE batches SET ended = ?, state = ?, total = ?, done = ?, failed = ?, tokens = ? WHERE id = ?
"""
#: What a process that was killed has counted nowhere is counted by its answers.
GET_BATCHES = """
SELECT id, began, ended, state, place, model, prompt, code, total,
    CASE WHEN ended IS NULL THEN (
        SELECT count(*) FROM (
            SELECT position FROM answers WHERE batch = batches.id AND state = 'done'
            UNION SELECT position FROM reused WHERE batch = batches.id
        )
    ) ELSE done END,
    failed, tokens,
    (SELECT count(*) FROM answers WHERE batch = batches.id AND state = 'started')
FROM batches
"""
#: An answer that another batch has, too, is that one's from now on.
HAND_OVER = """
UPDATE answers SET batch = other.batch, position = other.position
FROM (SELECT min(batch) AS batch, key, position FROM reused WHERE batch <> ?1 GROUP BY key) AS other
WHERE answers.batch = ?1 AND answers.key = other.key
"""
DELETE_ANSWERS = "DELETE FROM answers WHERE batch = ?"
DELETE_REUSED = "DELETE FROM reused WHERE batch = ?"
DELETE_BATCH = "DELETE FROM batches WHERE id = ?"
DELETE_BATCH_LINES = """
DELETE FROM service_lines WHERE job IN (SELECT id FROM service_jobs WHERE batch = ?)
"""
DELETE_JOBS = "DELETE FROM service_jobs WHERE batch = ?"
#: In this order.
DELETE_ALL = (
    HAND_OVER, DELETE_ANSWERS, DELETE_REUSED, DELETE_BATCH_LINES, DELETE_JOBS, DELETE_RUN,
    DELETE_BATCH,
)  # fmt: skip

#: A request that is about to be sent ("started"), or its answer ("done"): one statement for both,
#: so that a group of them is one step. An answer that is there already stays until the new one has
#: come, and so does a start of a batch that is sent now: whoever looks afterwards whose start it is
#: knows who sends it. (To replace the row would write its entries in both indexes anew.)
PUT_ROW = ManyRows(
    """
INSERT INTO answers (
    key, batch, position, at, prompt, text, model, finish, input_tokens, output_tokens, request,
    seconds, state
) VALUES """,
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    """
ON CONFLICT (key) DO UPDATE SET
    batch = excluded.batch, state = excluded.state, position = excluded.position, at = excluded.at,
    prompt = excluded.prompt, text = excluded.text, model = excluded.model,
    finish = excluded.finish, input_tokens = excluded.input_tokens,
    output_tokens = excluded.output_tokens, request = excluded.request, seconds = excluded.seconds
WHERE excluded.state = 'done' OR answers.state = 'started' AND (
    answers.batch = excluded.batch OR answers.batch NOT IN (SELECT batch FROM runs)
)
""",
)
FORGET_START = "DELETE FROM answers WHERE key = ? AND state = 'started'"
#: Of all batches, or of one.
GET_ANSWER = ManyRows(
    """
SELECT answers.key, state, text, model, finish, input_tokens, output_tokens, request, seconds,
    position, prompt, answers.at, coalesce(prompts.reasoning, ''), batch
FROM answers LEFT JOIN prompts ON prompts.key = answers.key AND prompts.at = answers.at
WHERE answers.key IN (""",
    "?",
    ") AND ? IN ('', batch)",
)
#: A row of a batch that an earlier one, or an equal row, has paid for.
PUT_REUSED = """
INSERT OR REPLACE INTO reused (batch, key, position) SELECT ?1, key, ?3 FROM answers
WHERE key = ?2 AND NOT (batch = ?1 AND position = ?3)
"""
GET_ANSWERS = """
SELECT text, model, finish, input_tokens, output_tokens, request, seconds, position, prompt, at
FROM answers WHERE batch = ?1 AND state = 'done'
UNION ALL
SELECT text, model, finish, input_tokens, output_tokens, request, seconds, reused.position,
    prompt, at
FROM reused JOIN answers ON answers.key = reused.key AND state = 'done'
WHERE reused.batch = ?1 AND NOT (answers.batch = ?1 AND answers.position = reused.position)
ORDER BY position
"""

PUT_JOB = """
INSERT OR REPLACE INTO service_jobs (id, batch, place, began, rows, job, state, is_open)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
GET_JOBS = "SELECT id, batch, place, began, rows, job, state, is_open FROM service_jobs"
PUT_LINE = "INSERT OR REPLACE INTO service_lines (job, key, position, prompt) VALUES (?, ?, ?, ?)"
GET_LINES = "SELECT key, position, prompt FROM service_lines WHERE job = ? ORDER BY position"
GET_LINE_JOBS = "SELECT job FROM service_lines WHERE key = ?"
DELETE_LINE = "DELETE FROM service_lines WHERE job = ? AND key = ?"
DELETE_LINES = "DELETE FROM service_lines WHERE job = ?"
FORGET_ANSWER = "DELETE FROM answers WHERE key = ?"
#: A batch whose kernel ended, and whose jobs another one has picked up.
CLOSE_BATCH = """
UPDATE batches SET ended = ?, state = 'picked up',
    done = (SELECT count(*) FROM answers WHERE batch = batches.id AND state = 'done'),
    tokens = (SELECT coalesce(sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0)), 0)
              FROM answers WHERE batch = batches.id)
WHERE id = ? AND ended IS NULL
"""
#: An answer that a batch has paid for too stays its row.
KEEP_ANSWER = """
INSERT INTO answers (
    key, batch, state, position, at, prompt, text, model, finish, input_tokens, output_tokens,
    request, seconds
) VALUES (?, '', 'done', 0, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
    state = 'done', at = excluded.at, prompt = excluded.prompt, text = excluded.text,
    model = excluded.model, finish = excluded.finish, input_tokens = excluded.input_tokens,
    output_tokens = excluded.output_tokens, request = excluded.request, seconds = excluded.seconds
"""
KEEP_PROMPT = """
INSERT OR REPLACE INTO prompts (key, at, place, code, reasoning) VALUES (?, ?, ?, ?, ?)
"""
GET_PROMPTS = """
SELECT prompts.key, place, code, text, model, finish, input_tokens, output_tokens, request, seconds,
    position, prompt, prompts.at, reasoning
FROM prompts JOIN answers ON prompts.key = answers.key AND state = 'done'
"""
#: A word in the prompt of a batch, or in one of its rows.
FIND_BATCH = """
SELECT 1 FROM batches WHERE id = ? AND (
    prompt || char(10) || coalesce(model, '') LIKE ? ESCAPE '\\' OR EXISTS (
        SELECT 1 FROM answers WHERE state = 'done' AND (
            batch = batches.id OR key IN (SELECT key FROM reused WHERE batch = batches.id)
        ) AND prompt || char(10) || text LIKE ? ESCAPE '\\'
    )
)
"""
DELETE_PROMPT = "DELETE FROM prompts WHERE key = ?"
DELETE_OWN_ANSWER = "DELETE FROM answers WHERE key = ? AND batch = ''"
DELETE_OLD_ANSWERS = "DELETE FROM answers WHERE batch = '' AND at < ?"
DELETE_OLD_PROMPTS = "DELETE FROM prompts WHERE at < ?"
#: The time of the oldest prompts that take most of the room.
MIDDLE_PROMPT = """
SELECT at FROM prompts ORDER BY at LIMIT 1 OFFSET (SELECT count(*) / 2 FROM prompts)
"""
