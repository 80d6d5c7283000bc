/** Why the chain breaks where it breaks: looks at the whole ledger once more, which is done for the first break only. */

import { isUtf8 } from 'node:buffer';
import type { DatabaseSync } from 'node:sqlite';
import { bodyHash, chainHash, chainHashOfBody, isSealedAfter, type RecordKind, type Sealed } from './chain.ts';
import type { Fault } from './verify-report.ts';

/** Renumbered records are looked for this far from their place. */
const REACH = 1_000;

interface Place {
  readonly seq: number;
  readonly hash: string;
}

/** Whether a record's hash is that of its parts, with the hash that it names as the one before. */
export function isSealed(record: Sealed): boolean {
  return isSealedAfter(record.prev_hash, record);
}

/** @param row the first record that does not follow `previous` */
export function explainBreak(db: DatabaseSync, previous: Place, row: Sealed): Fault {
  const place = previous.seq + 1;
  const stands = findRightful(db, previous, row);
  if (stands !== null && stands !== row.seq) {
    return fault('reordered', place, `What was sealed as record ${place} stands in place of record ${stands}.`);
  }
  if (row.seq > place) return fault('deleted', place, `${missing(place, row.seq - 1)} missing.`);
  if (row.seq < place) return fault('unlinked', row.seq, `Record ${row.seq} stands twice.`);
  if (stands === place) return fault('edited', place, 'One of its hashes was changed; its body is what was sealed.');
  const sealedAs = sealedPlace(row);
  if (sealedAs === null) return fault('edited', place, 'It is not what was sealed.');
  if (sealedAs > place) {
    return fault('deleted', place, `${missing(place, sealedAs - 1)} missing, and those after were renumbered.`);
  }
  if (sealedAs < place) {
    return fault(
      'inserted',
      sealedAs,
      `${sealedAs === place - 1 ? `Record ${sealedAs} was` : `Records ${sealedAs} to ${place - 1} were`} not there when record ${place} was sealed.`,
    );
  }
  if (place === 1) return fault('deleted', 1, 'It names a record before it.');
  return fault(
    'edited',
    previous.seq,
    `It, or records before it, were written anew: record ${place} was sealed after another one.`,
  );
}

/**
 * Where the record stands that was sealed as the next after `previous`: its hash is confirmed by its own row, by the row
 * in its place, or by the row after.
 */
function findRightful(db: DatabaseSync, previous: Place, row: Sealed): number | null {
  const seq = previous.seq + 1;
  const next = db.prepare('SELECT prev_hash FROM records WHERE seq = ?').get(seq + 1)?.prev_hash;
  const rows = db.prepare('SELECT seq, kind, CAST(body AS BLOB), hash, body_sha256 FROM records ORDER BY seq');
  rows.setReturnArrays(true);
  for (const values of rows.iterate() as Iterable<unknown>) {
    const [at, kind, bytes, stored, body_sha256] = values as [number, RecordKind, Uint8Array | null, string, string];
    const body = bytes === null || !isUtf8(bytes) ? null : Buffer.from(bytes).toString();
    const hash = hashInPlace(previous.hash, { kind, seq, body, body_sha256 });
    if (hash === null) continue;
    if (hash === stored || (row.seq === seq && hash === row.hash) || hash === next) return at;
  }
  return null;
}

/** Hash of a record, were it sealed at a place: of its body as it stands, or of what is left of one that was erased. */
function hashInPlace(prevHash: string, record: Omit<Sealed, 'hash' | 'prev_hash'>): string | null {
  const { kind, seq, body, body_sha256 } = record;
  if (body_sha256 === null) return body === null ? null : chainHashOfBody(prevHash, { kind, seq, body });
  return chainHash(prevHash, { kind, seq, body_sha256: body === null ? body_sha256 : bodyHash(body) });
}

/** The position for which a record was sealed, near the one where it stands. */
function sealedPlace(row: Sealed): number | null {
  for (let distance = 0; distance <= REACH; distance += 1) {
    for (const seq of [row.seq + distance, row.seq - distance]) {
      if (seq > 0 && isSealed({ ...row, seq })) return seq;
    }
  }
  return null;
}

function missing(from: number, to: number): string {
  return from === to ? `Record ${from} is` : `Records ${from} to ${to} are`;
}

function fault(kind: Fault['kind'], seq: number, detail: string): Fault {
  return { kind, seq, detail };
}
