// The tables that this adapter keeps for itself, as the migration that comes before all others. It lives in code and not in sql/ because no
// sink works without it, whatever a system's own migrations are. Never edit it: add another one.

export interface Migration {
  /** Migrations are applied in the order of their names. */
  readonly name: string
  readonly sql: string
}

/** Migrations already applied: name, SHA-256 of the text, when. */
export const MIGRATION_TABLE = `CREATE TABLE IF NOT EXISTS millrace_migration (
  name text PRIMARY KEY,
  sha256 text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
)`

export const BOOKKEEPING: readonly Migration[] = [
  {
    name: '000000-millrace',
    sql: `-- Where each sink stands in its input: moved in the transaction of the rows, so offset store and fence are one (exactly-once.md §4).
-- gen is raised by a reset or a recreated topic: loaders of an older generation are fenced for ever.
CREATE TABLE millrace_sink_offset (
  sink text NOT NULL,
  topic text NOT NULL,
  part integer NOT NULL,
  gen integer NOT NULL DEFAULT 0,
  next_offset bigint NOT NULL CHECK (next_offset >= 0),
  PRIMARY KEY (sink, topic, part)
) WITH (fillfactor = 50);

-- Records that a sink refused, kept in the transaction of the rows (S6.2). time is the record's, in ms since 1970: any value must fit.
CREATE TABLE millrace_dead_letter (
  processor text NOT NULL,
  stage text NOT NULL,
  code text NOT NULL,
  message text NOT NULL,
  topic text NOT NULL,
  part integer NOT NULL,
  "offset" bigint NOT NULL,
  "time" bigint NOT NULL,
  key bytea,
  value bytea,
  forwarded boolean NOT NULL DEFAULT false,
  PRIMARY KEY (topic, part, "offset", stage)
);
CREATE INDEX millrace_dead_letter_waiting ON millrace_dead_letter (topic, part, "offset", stage) WHERE NOT forwarded;
`,
  },
]
