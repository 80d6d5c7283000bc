/** Exchanges of two clients for tests of erasure: everything of one can be told from everything of the other. */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { LabelRecord, NewRecord } from './acts.ts';
import type { ErasureOrder, Ledger, Sealed } from './ledger.ts';
import type { NewVerdict } from './records.ts';
import { sampleCompleted, sampleConnection, sampleContent, sampleOpened, sampleVerdict } from './sample-records.ts';

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

/** What is kept of an exchange, by the tier that erases it. */
export const words = (id: string) => ({
  sealed: [`sealed-${id}`],
  text: [
    `content-${id}`,
    `quote-${id}`,
    `explained-${id}`,
    `preview-${id}`,
    `message-${id}`,
    `note-${id}`,
    `shadow-${id}`,
  ],
  metadata: [`request-${id}`, `origin-${id}`, `answer-${id}`],
});

/** Eight records and, but for the shadow verdict's label, everything that an exchange can have. */
export async function judgedExchange(ledger: Ledger, id: string, client: string, ts: string): Promise<void> {
  await ledger.open(sampleOpened(id, { client, ts }));
  const held = sampleContent({ text: `content-${id} held` });
  const early = { client, ts, verdict_id: `early-${id}`, subject: 'request', input_sha256: held.sha256 } as const;
  await ledger.verdict(wordy(id, early), held);
  const content = sampleContent({ text: `content-${id}` });
  const bytes = Buffer.from(`age sealed-${id}`);
  const sealed: Sealed = { bytes, sha256: sha256(bytes) };
  const completed = sampleCompleted(id, {
    ...{ ts, content_sha256: content.sha256, sealed_sha256: sealed.sha256, origin_request_id: `origin-${id}` },
    ...{ response_id: `answer-${id}`, conversation_id: `conversation-${client}` },
  });
  await ledger.complete(completed, content, { exchange_id: id, judge: 'default' }, sealed);
  for (const job of await ledger.takeJobs(10, 1_000)) {
    await ledger.finishJob(job.job_id, wordy(job.exchange_id, { client: job.opened.client, ts }));
  }
  await ledger.append([labelOf(id, ts), { kind: 'shadow_verdict', record: shadowOf(id, client, ts) }]);
}

export function wordy(id: string, changes: Partial<NewVerdict> = {}): NewVerdict {
  return sampleVerdict(id, {
    criteria: [
      {
        ...{ id: 'harm', score: 0.9, threshold: 0.5, label: 'violation', severity: 'high' },
        ...{ evidence: [{ place: 'request', quote: `quote-${id}` }], explanation: `explained-${id}` },
      },
    ],
    rule_hits: [{ rule: 'secrets', version: '1', place: 'request', preview: `preview-${id}`, severity: 'low' }],
    overall: { label: 'violation', severity: 'high', score: 0.9 },
    latest_user_message: `message-${id}`,
    ...changes,
  });
}

function shadowOf(id: string, client: string, ts: string) {
  const verdict = wordy(id, { client, ts, verdict_id: `shadow-of-${id}`, latest_user_message: `shadow-${id}` });
  return { ...verdict, shadow_of: `verdict-${id}` };
}

export function labelOf(exchange_id: string, ts: string, changes: Partial<LabelRecord> = {}): NewRecord {
  const note = `note-${exchange_id}`;
  const record: LabelRecord = {
    ...{ label_id: `label-${exchange_id}`, ts, exchange_id, verdict_id: `verdict-${exchange_id}`, reviewer: 'ann' },
    ...{ label: 'violation', replaces: null, queue: null, blind: false, sampling_probability: null, bulk_id: null },
    note_sha256: sha256(note),
    ...changes,
  };
  return { kind: 'label', record, note: record.note_sha256 === null ? null : note };
}

export function order(tier: ErasureOrder['tier'], scope: ErasureOrder['scope']): ErasureOrder {
  const reason = scope.kind === 'age' ? 'retention' : 'request';
  return { actor: { kind: 'user', name: 'ann' }, reason, tier, scope };
}

/** One connection of a client. */
export const connectionOf = (id: string, client: string, ts: string) => sampleConnection(id, { client, ts });

/** Which of the words are anywhere in the files of a ledger: database and log. */
export function found(file: string, searched: readonly string[]): string[] {
  const bytes = Buffer.concat(
    ['', '-wal'].map((end) => (existsSync(file + end) ? readFileSync(file + end) : Buffer.alloc(0))),
  );
  return searched.filter((word) => bytes.includes(word));
}
