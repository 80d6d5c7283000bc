/** What a check of the ledger found. */

/** What is wrong at one place. Closed: each is a row of docs/ledger.md. */
export const FAULT_KINDS = [
  'edited', // a record is not what was sealed
  'deleted', // records are missing before one that is there
  'inserted', // records stand where others were
  'reordered', // a record stands in another's place
  'unlinked', // does not follow the record before it: a consequence, as a rule, of the first fault
  'malformed', // sealed, but not what the ledger writes: not canonical JSON, or not of its kind
  'body_missing', // its body is gone, and no erasure says so
  'erasure_undone', // an erasure says that it is gone, and it is there
  'content_changed', // not what its record names by hash
  'content_missing',
  'content_unnamed', // stands beside a record that names none
  'table_differs', // a table made from the records says something else
  'schema_differs', // a table, an index or a trigger is gone, another one, or one too many
  'unreadable', // SQLite cannot read the file from here on
  'cut', // a checkpoint says that there were more records
  'rewritten', // a checkpoint says that there were other records
  'checkpoint_forged', // its signature is wrong
  'checkpoint_foreign', // of another ledger, or signed by another key
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  readonly kind: FaultKind;
  /** Position of the bad record, the first one if there are several; null when none can be named. */
  readonly seq: number | null;
  /** One sentence; nothing of the traffic's text. */
  readonly detail: string;
}

export interface VerifyReport {
  /** No fault; warnings do not count. */
  readonly holds: boolean;
  readonly ledger_id: string;
  /** First and last record that were looked at, null when there was none. */
  readonly from: number | null;
  readonly to: number | null;
  readonly records: number;
  readonly contents: number;
  /** Records whose body was erased. */
  readonly erased: number;
  readonly head: { readonly seq: number; readonly hash: string } | null;
  readonly checkpoints: {
    readonly checked: number;
    /** The one with most records that holds: what comes after it nobody vouches for. */
    readonly covers: { readonly size: number; readonly ts: string } | null;
  };
  /** The fault with the first bad record. */
  readonly first: Fault | null;
  /** By position; the first KEPT_FAULTS. */
  readonly faults: readonly Fault[];
  readonly fault_count: number;
  readonly warnings: readonly string[];
}

const KEPT_FAULTS = 20;

interface Found {
  readonly fault: Fault;
  readonly upTo: number;
}

/** A break of the chain may lie before the record at which it shows, where its consequences were found already. */
function rank({ kind }: Fault): number {
  return ['edited', 'deleted', 'inserted', 'reordered'].includes(kind) ? 0 : 1;
}

/** Collects faults in bounded memory. */
export class Findings {
  readonly warnings: string[] = [];
  #found: Found[] = [];
  count = 0;

  /** @param upTo last position at which the first bad record may be, when `seq` is only the first such */
  add(kind: FaultKind, seq: number | null, detail: string, upTo: number = seq ?? Number.MAX_VALUE): void {
    this.count += 1;
    this.#found.push({ fault: { kind, seq, detail }, upTo });
    if (this.#found.length >= 2 * KEPT_FAULTS) this.#found = this.#ordered();
  }

  /** By position; a fault that names no record comes last, and of two at one place a break of the chain is first. */
  faults(): Fault[] {
    return this.#ordered().map(({ fault }) => fault);
  }

  #ordered() {
    const order = (a: Found, b: Found) => a.upTo - b.upTo || rank(a.fault) - rank(b.fault);
    return this.#found.toSorted(order).slice(0, KEPT_FAULTS);
  }
}
