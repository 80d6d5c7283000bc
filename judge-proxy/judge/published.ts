/**
 * Which rubric each judge asks with: that of the configuration's file (version 0) until a version is published, then that
 * one. A judge is replaced as a whole, so a judgement under way goes on with the one it began with.
 */

import { hash } from 'node:crypto';
import { ConfigError } from '../config/config-error.ts';
import type { LedgerReader } from '../ledger/ledger.ts';
import type { PolicyRow } from '../ledger/tables/policies.ts';
import { createJudge, type Judge } from './judges.ts';
import { parseRubric, type Rubric, type RubricText } from './rubric.ts';

/** A rubric with its number. */
export interface PolicyInForce extends RubricText {
  /** 0 for the file. */
  readonly version: number;
}

export interface JudgeGiven {
  readonly judge: Judge;
  readonly file: RubricText;
  /** False when the configuration keeps its file in force (`judges.*.policy: file`). */
  readonly publishable: boolean;
}

interface Entry extends JudgeGiven {
  inForce: PolicyInForce;
}

export class Policies {
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #judges: Map<string, Judge>;

  /** @param given by name, with the rubrics of their files */
  constructor(given: ReadonlyMap<string, JudgeGiven>) {
    this.#entries = new Map(
      [...given].map(([name, one]) => [name, { ...one, inForce: { ...one.file, version: 0 } }] as const),
    );
    this.#judges = new Map([...given].map(([name, { judge }]) => [name, judge] as const));
  }

  /** As they are now: an entry is replaced when a version is published. */
  get judges(): ReadonlyMap<string, Judge> {
    return this.#judges;
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** null for a judge that the configuration does not have. */
  inForce(name: string): PolicyInForce | null {
    return this.#entries.get(name)?.inForce ?? null;
  }

  file(name: string): RubricText | null {
    return this.#entries.get(name)?.file ?? null;
  }

  publishable(name: string): boolean {
    return this.#entries.get(name)?.publishable ?? false;
  }

  /** The judge of that name with another rubric; nothing is replaced. */
  judgeWith(name: string, { rubric }: Pick<RubricText, 'rubric'>): Judge | null {
    const judge = this.#judges.get(name);
    return judge === undefined ? null : createJudge({ ...judge, rubric });
  }

  /** From here on the judge asks with this rubric: models, breakers and budgets stay. */
  put(name: string, policy: PolicyInForce): void {
    const entry = this.#entries.get(name);
    const judge = this.judgeWith(name, policy);
    if (entry === undefined || judge === null) return;
    entry.inForce = policy;
    this.#judges.set(name, judge);
  }
}

/** A version that the ledger says was published, and what comes of it. */
export interface PublishedVersion {
  readonly row: PolicyRow;
  /** `no_judge`: the configuration has none of that name (any more). `file`: it keeps its file, so this one is to go. */
  readonly outcome: 'in_force' | 'no_judge' | 'file';
  readonly rubric: Rubric | null;
}

/**
 * What the ledger says was published.
 * @param publishable whether the configuration lets this judge have it; null when it has no such judge
 * @throws {ConfigError} for a text in force that this program cannot read, or that is not the one which the chain names:
 *   going on with another one would judge by what nobody ordered
 */
export async function publishedVersions(
  ledger: Pick<LedgerReader, 'rows'>,
  publishable: (judge: string) => boolean | null,
): Promise<readonly PublishedVersion[]> {
  const found: PublishedVersion[] = [];
  for (const row of await ledger.rows<PolicyRow>('policiesInForce')) {
    const may = publishable(row.judge);
    if (may !== true) {
      found.push({ row, outcome: may === null ? 'no_judge' : 'file', rubric: null });
      continue;
    }
    await checkAgainstChain(ledger, row);
    found.push({ row, outcome: 'in_force', rubric: readPublished(row) });
  }
  return found;
}

/** Puts in force what the ledger says was published. Rejects as `publishedVersions` does. */
export async function loadPublished(
  ledger: Pick<LedgerReader, 'rows'>,
  policies: Policies,
): Promise<readonly PublishedVersion[]> {
  const publishable = (name: string) => (policies.inForce(name) === null ? null : policies.publishable(name));
  const found = await publishedVersions(ledger, publishable);
  for (const { row, rubric } of found) {
    if (rubric !== null) policies.put(row.judge, { version: row.version, yaml: row.yaml, rubric });
  }
  return found;
}

/** SHA-256 (hex) of a text as acts in the chain name it. */
export function textHash(yaml: string): string {
  return hash('sha256', yaml);
}

const REMEDY = (judge: string) =>
  `Start once with judges.${judge}.policy: file. That puts the file in force and takes this version back.`;

function readPublished({ judge, version, yaml }: PolicyRow): Rubric {
  const name = `policy ${judge} version ${version} of the ledger`;
  try {
    return parseRubric(yaml, name);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const fix = REMEDY(judge);
    throw new ConfigError(name, [...error.problems, { ...NOWHERE, message: 'this version is in force', fix }]);
  }
}

/** The table can be written by whoever owns the file; the chain cannot be without a trace. */
async function checkAgainstChain(
  ledger: Pick<LedgerReader, 'rows'>,
  { judge, version, yaml }: PolicyRow,
): Promise<void> {
  const [act] = await ledger.rows<{ version: number; text_sha256: string }>('lastPolicyAct', judge);
  if (act?.version === version && act.text_sha256 === textHash(yaml)) return;
  const message = 'the text in force is not the one whose publication the chain records';
  throw new ConfigError(`policy ${judge} version ${version} of the ledger`, [
    { ...NOWHERE, message, fix: `Run npm run verify, find out who wrote the file. ${REMEDY(judge)}` },
  ]);
}

const NOWHERE = { line: 1, column: 1, path: '' } as const;
