/** What stands beside a record and can be erased: its content, its words, the sealed original. The record names each by hash. */

import { hash } from 'node:crypto';
import type { ErasureTier, LabelRecord } from './acts.ts';
import { canonicalJson, type RecordKind } from './chain.ts';
import type { ExchangeCompleted } from './records.ts';
import type { VerdictBody } from './verdict-words.ts';
import type { Erasures } from './verify-erasures.ts';
import type { Findings } from './verify-report.ts';
import type { Tables } from './verify-tables.ts';

/** As it is stored, null when there is none. */
export interface Beside {
  readonly content: Uint8Array | null;
  readonly text: Uint8Array | null;
  readonly sealed: Uint8Array | null;
}

/** What a record names. */
export type Named = Readonly<Record<keyof Beside, NamedPart>>;

interface NamedPart {
  readonly sha256: string | null;
  /** What is named is kept, too. */
  readonly always: boolean;
  /** What the hash is of, from what is stored: that itself, unless given. */
  readonly hashed?: (stored: Uint8Array) => string | Uint8Array;
}

const NOTHING: NamedPart = { sha256: null, always: false };
const named = (sha256: string | null | undefined): NamedPart => ({ sha256: sha256 ?? null, always: true });

/** @param value body of a record of this kind */
export function namedBy(kind: RecordKind, value: object): Named {
  const none = { content: NOTHING, text: NOTHING, sealed: NOTHING };
  switch (kind) {
    case 'exchange_completed': {
      const { content_sha256, sealed_sha256 } = value as ExchangeCompleted;
      return { ...none, content: named(content_sha256), sealed: named(sealed_sha256) };
    }
    case 'verdict':
    case 'shadow_verdict': {
      const { text_sha256, subject, input_sha256 } = value as VerdictBody;
      // A verdict on an exchange was made of the content of its completed record; one on a request may keep its own.
      const content = kind === 'verdict' && subject === 'request' ? { sha256: input_sha256, always: false } : NOTHING;
      return { ...none, content, text: named(text_sha256) };
    }
    case 'label':
      return { ...none, text: { ...named((value as LabelRecord).note_sha256), hashed: noteOf } };
    case 'exchange_opened':
    case 'connection':
    case 'act':
    case 'erasure':
    case 'export_gap':
      return none;
    default:
      kind satisfies never;
      return none;
  }
}

/** The note itself, whose hash a label names; of anything that the ledger does not write, all of it. */
function noteOf(stored: Uint8Array): string | Uint8Array {
  const text = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength).toString();
  try {
    const { note } = JSON.parse(text) as { note?: unknown };
    return typeof note === 'string' && canonicalJson({ note }) === text ? note : stored;
  } catch {
    return stored;
  }
}

const PARTS = [
  ['content', 'contents', 'text', 'content'],
  ['text', 'texts', 'text', 'text'],
  ['sealed', 'sealed', 'sealed', 'sealed original'],
] as const satisfies readonly (readonly [
  keyof Beside,
  Parameters<Tables['beside']>[0],
  tier: ErasureTier,
  word: string,
])[];

export class Besides {
  readonly #findings: Findings;
  readonly #erasures: Erasures;
  readonly #tables: Tables;

  constructor(findings: Findings, erasures: Erasures, tables: Tables) {
    this.#findings = findings;
    this.#erasures = erasures;
    this.#tables = tables;
  }

  /** @param names null for a record whose body was erased: nothing may stand beside it */
  check(seq: number, beside: Beside, names: Named | null): void {
    for (const [part, table, tier, word] of PARTS) {
      const stored = beside[part];
      if (stored !== null) this.#tables.beside(table);
      const erased = this.#erasures.names(seq, tier);
      if (erased) {
        if (stored !== null) this.#undone(seq, word);
      } else this.#compare(seq, stored, names?.[part] ?? NOTHING, word);
    }
  }

  #undone(seq: number, word: string): void {
    this.#findings.add('erasure_undone', seq, `An erasure says that its ${word} is gone, and it is there.`);
  }

  #compare(seq: number, stored: Uint8Array | null, { sha256, always, hashed }: NamedPart, word: string): void {
    if (stored === null) {
      if (sha256 !== null && always) {
        this.#findings.add('content_missing', seq, `The ${word} that it names by hash is not there.`);
      }
    } else if (sha256 === null) {
      this.#findings.add('content_unnamed', seq, `It names no ${word}, but there is one.`);
    } else if (hash('sha256', hashed === undefined ? stored : hashed(stored)) !== sha256) {
      this.#findings.add('content_changed', seq, `Its ${word} does not have the hash that it names.`);
    }
  }
}
