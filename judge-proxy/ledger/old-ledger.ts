/** A ledger of schema 4 for tests, with records as they were written then: words in the record, hashes of the record itself. */

import { DatabaseSync } from 'node:sqlite';
import { canonicalJson, chainHashOfBody, GENESIS, type RecordKind } from './chain.ts';
import { wordy } from './erasure-rig.ts';
import { sampleCompleted, sampleConnection, sampleContent, sampleOpened } from './sample-records.ts';
import { migrate } from './schema.ts';
import { keysOf } from './verdict-keys.ts';

/** Records of one exchange of `client` that was judged, and a tunnel: opened, completed, verdict, connection. */
export const OLD_RECORDS = 4;

export function writeOldLedger(file: string, id: string, client: string, ts: string): void {
  const db = new DatabaseSync(file);
  migrate(db, file, ts, undefined, 4);
  const content = sampleContent({ text: `content-${id}` });
  const verdict = wordy(id, { client, ts, input_sha256: content.sha256 });
  const records: readonly [RecordKind, object][] = [
    ['exchange_opened', sampleOpened(id, { client, ts })],
    ['exchange_completed', sampleCompleted(id, { ts, content_sha256: content.sha256, response_id: `answer-${id}` })],
    ['verdict', verdict],
    ['connection', sampleConnection(`tunnel-${id}`, { client, ts })],
  ];
  let prev = GENESIS;
  for (const [index, [kind, record]] of records.entries()) {
    const [seq, body] = [index + 1, canonicalJson(record)];
    const hash = chainHashOfBody(prev, { kind, seq, body });
    db.prepare('INSERT INTO records VALUES (?, ?, ?, ?, ?)').run(seq, kind, body, prev, hash);
    prev = hash;
  }
  db.prepare('INSERT INTO contents VALUES (2, ?)').run(content.json);
  db.prepare('INSERT INTO exchanges VALUES (?, ?, 1, 2, 3, NULL)').run(id, `request-${id}`);
  const jobs = 'INSERT INTO jobs (exchange_id, completed_seq, judge, not_before, verdict_seq) VALUES (?, 2, ?, 0, 3)';
  db.prepare(jobs).run(id, 'default');
  const link = [client, 'api.openai.com', 443, 'response', `answer-${id}`, id];
  db.prepare('INSERT INTO provider_links VALUES (?, ?, ?, ?, ?, ?, 1)').run(...link);
  const keys = Object.entries({ seq: 3, stands: 1, ...keysOf(verdict) });
  const names = keys.map(([name]) => name).join(', ');
  const places = keys.map(() => '?').join(', ');
  db.prepare(`INSERT INTO verdicts (${names}) VALUES (${places})`).run(...keys.map(([, value]) => value));
  db.close();
}
