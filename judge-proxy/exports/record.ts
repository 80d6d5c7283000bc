/** What an export is made of: one record of the ledger, with those of its exchange. Names inside are the ledger's. */

import type { RecordRow } from '../ledger/record-pages.ts';
import type { ConnectionRecord, ExchangeCompleted, ExchangeOpened, NewVerdict, Verdict } from '../ledger/records.ts';
import { mergeVerdict } from '../ledger/verdict-words.ts';

/** Of these there are JSON lines and CSV alone (beside-records.ts). */
export const BESIDE_SUBJECTS = ['shadow_verdicts', 'labels', 'audit'] as const;
/** What can be exported. */
export const SUBJECTS = ['verdicts', 'exchanges', 'connections', ...BESIDE_SUBJECTS] as const;
export type Subject = (typeof SUBJECTS)[number];

/** A verdict as the ledger holds it. */
export interface VerdictItem {
  readonly subject: 'verdicts';
  readonly seq: number;
  readonly record: Verdict;
  readonly opened: ExchangeOpened | null;
  /** Null when the exchange was still open: a verdict on a held request comes first. */
  readonly completed: ExchangeCompleted | null;
}

/** An exchange that has ended, at the place of its last record. */
export interface ExchangeItem {
  readonly subject: 'exchanges';
  readonly seq: number;
  readonly record: {
    readonly opened_seq: number;
    readonly completed_seq: number;
    readonly opened: ExchangeOpened;
    readonly completed: ExchangeCompleted;
  };
}

/** A tunnel or a refusal, which no judge saw. */
export interface ConnectionItem {
  readonly subject: 'connections';
  readonly seq: number;
  readonly record: ConnectionRecord & { readonly seq: number };
}

export type Item = VerdictItem | ExchangeItem | ConnectionItem;

/** A record that is not what the ledger writes: somebody else has. */
export class UnreadableRecord extends Error {
  override readonly name = 'UnreadableRecord';
  readonly seq: number;

  constructor(seq: number) {
    super(`Record ${seq} of the ledger cannot be read: npm run verify tells what is wrong with it.`);
    this.seq = seq;
  }
}

/**
 * @returns null for a record that was erased
 * @throws {UnreadableRecord} for what the ledger never writes
 */
export function readItem(row: RecordRow): Item | null {
  const { seq, kind, body, prev_hash, hash } = row;
  if (body === null) return null;
  switch (kind) {
    case 'verdict': {
      const record = { ...verdictOf(row, body), seq, prev_hash, hash };
      const opened = row.opened === null ? null : (parsed(row, row.opened) as unknown as ExchangeOpened);
      const completed = row.completed === null ? null : (parsed(row, row.completed) as unknown as ExchangeCompleted);
      return { subject: 'verdicts', seq, record, opened, completed };
    }
    case 'exchange_completed': {
      if (row.opened === null || row.opened_seq === null) throw new UnreadableRecord(seq);
      const opened = parsed(row, row.opened) as unknown as ExchangeOpened;
      const completed = parsed(row, body) as unknown as ExchangeCompleted;
      const record = { opened_seq: row.opened_seq, completed_seq: seq, opened, completed };
      return { subject: 'exchanges', seq, record };
    }
    case 'connection':
      return {
        subject: 'connections',
        seq,
        record: { ...(parsed(row, body) as unknown as ConnectionRecord), seq },
      };
    case 'exchange_opened':
    case 'label':
    case 'act':
    case 'erasure':
    case 'shadow_verdict':
    case 'export_gap':
      throw new UnreadableRecord(seq);
    default:
      kind satisfies never;
      throw new UnreadableRecord(seq);
  }
}

function verdictOf(row: RecordRow, body: string): NewVerdict {
  const verdict = parsed(row, body) as unknown as NewVerdict;
  try {
    return mergeVerdict(verdict, row.text);
  } catch {
    throw new UnreadableRecord(row.seq);
  }
}

/** @throws {UnreadableRecord} for what is no JSON object */
export function parsed({ seq }: Pick<RecordRow, 'seq'>, json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new UnreadableRecord(seq);
}
