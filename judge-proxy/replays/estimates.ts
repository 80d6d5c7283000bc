/**
 * Estimates of replays on the server. An estimate fixes what it is about (the exchanges, the text, the judge), and its hash
 * is what a start has to name: what is started is what was estimated, whatever was recorded or published meanwhile.
 */

import { createHash, hash } from 'node:crypto';
import type { Judge } from '../judge/judges.ts';
import type { Prices } from '../judge/prices.ts';
import { replayWithoutModel } from '../judge/replay.ts';
import { canonicalText } from '../ledger/canonical-json.ts';
import type { LedgerReader } from '../ledger/ledger.ts';
import type { ExchangeFilter, ReadModel } from '../ledger/read-model/rows.ts';
import { type Estimate, Estimator } from './estimate.ts';
import { caseOf, matchingIds } from './selection.ts';

/** Who judges what. */
export interface ReplaySpec {
  readonly judge: Judge;
  /** Text of its rubric. */
  readonly yaml: string;
  /** Number of the policy, null for a text of its own. */
  readonly version: number | null;
  readonly filter: ExchangeFilter;
  readonly most: number;
}

export interface FixedEstimate {
  readonly spec: ReplaySpec;
  readonly estimate: Omit<Estimate, 'in_file' | 'answers'>;
  /** Newest first. */
  readonly ids: readonly string[];
  /** SHA-256 (hex). */
  readonly selectionHash: string;
}

export interface EstimatesParts {
  readonly ledger: Pick<LedgerReader, 'exchange'>;
  readonly readModel: Pick<ReadModel, 'exchanges'>;
  readonly prices: Prices;
}

/** A list of 100,000 ids has 4 MB. */
const MOST_KEPT = 8;

export class Estimates {
  readonly #parts: EstimatesParts;
  /** By hash, the latest last. */
  readonly #kept = new Map<string, FixedEstimate>();

  constructor(parts: EstimatesParts) {
    this.#parts = parts;
  }

  /** Reads all that fits once. @returns null when the signal ended it */
  async make(spec: ReplaySpec, signal: AbortSignal): Promise<FixedEstimate | null> {
    const { ledger, readModel, prices } = this.#parts;
    const estimator = new Estimator(spec.judge, prices);
    const ids: string[] = [];
    // Each in its turn: 100,000 at once would hold traffic for up to 50 ms.
    const idsHash = createHash('sha256');
    for await (const id of matchingIds(readModel, spec.filter, spec.most)) {
      if (signal.aborted) return null;
      const replay = await caseOf(ledger, id);
      if (replay === null) continue;
      ids.push(id);
      idsHash.update(`${id}\n`);
      if (replay.unusable !== null) estimator.add('unusable');
      else if (replay.document === null || replayWithoutModel(replay, spec.judge) !== null) estimator.add('no_model');
      else estimator.addQuestion(replay.document, replay.before);
    }
    const { in_file: _, answers: __, ...estimate } = estimator.estimate();
    const fixed = { spec, estimate, ids, selectionHash: selectionHash(spec, estimate, idsHash.digest('hex')) };
    this.#keep(fixed);
    return fixed;
  }

  /** @returns null when there is no such estimate of just this (any more): it has to be made again */
  find(selectionHash: string, spec: ReplaySpec): FixedEstimate | null {
    const found = this.#kept.get(selectionHash);
    return found !== undefined && keyOf(found.spec) === keyOf(spec) ? found : null;
  }

  #keep(fixed: FixedEstimate): void {
    this.#kept.delete(fixed.selectionHash);
    this.#kept.set(fixed.selectionHash, fixed);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }
}

function selectionHash(spec: ReplaySpec, estimate: FixedEstimate['estimate'], ids_sha256: string): string {
  return hash('sha256', canonicalText({ spec: keyOf(spec), estimate, ids_sha256 }));
}

/** The judge's hash covers its rubric; two texts of one rubric ask the same. */
function keyOf({ judge, version, filter, most }: ReplaySpec): string {
  return canonicalText({ judge: judge.name, hash: judge.hash, version, filter, most });
}
