/** One judge of the configuration, for commands that ask its models beside traffic. */

import { ConfigError } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import type { Judge } from '../../judge/judges.ts';
import { loadPublished } from '../../judge/published.ts';
import type { LedgerReader } from '../../ledger/ledger.ts';
import { buildJudges } from '../../main-judges.ts';
import { CommandError } from '../command.ts';

export interface OneJudge {
  /** With the rubric of its file, or the one given, until `takePublished`. */
  readonly judge: Judge;
  /** Base URLs of its models: the same name elsewhere may be another model. null without one. */
  readonly endpoint: string | null;
  readonly smallEndpoint: string | null;
  /**
   * From here on it is the judge that is in force: with the version that the ledger says was published.
   * @returns its number, 0 for the file. Rejects with ConfigError when the proxy would not start with it either.
   */
  takePublished(ledger: Pick<LedgerReader, 'rows'>): Promise<number>;
  close(): Promise<void>;
}

/**
 * @param concurrency calls at one time, each with a connection
 * @param rubric file in place of the judge's own
 * @throws {CommandError | ConfigError} that say what is wrong with name, rubric, endpoint, key or CA file
 */
export function buildOneJudge(config: Config, name: string, concurrency: number, rubric?: string): OneJudge {
  const given = Object.hasOwn(config.judges, name) ? config.judges[name] : undefined;
  if (given === undefined) {
    const known = Object.keys(config.judges).join(', ') || 'none';
    throw new CommandError(`The configuration has no judge '${name}'; it has ${known}.`);
  }
  const judges = built({
    ...config,
    judges: { [name]: { ...given, rubric: rubric ?? given.rubric } },
    limits: { ...config.limits, judge_concurrency: concurrency },
  });
  const judgeNow = () => {
    const judge = judges.byName.get(name);
    if (judge === undefined) throw new CommandError(`The configuration has no judge '${name}'.`);
    return judge;
  };
  const { model, smallModel } = judgeNow();
  return {
    get judge() {
      return judgeNow();
    },
    endpoint: model === null ? null : (given.model?.base_url ?? null),
    smallEndpoint: smallModel === null ? null : (given.small_model?.base_url ?? null),
    takePublished: async (ledger) => {
      await loadPublished(ledger, judges.policies);
      return judges.policies.inForce(name)?.version ?? 0;
    },
    close: () => judges.close(),
  };
}

function built(config: Config) {
  try {
    return buildJudges(config);
  } catch (error) {
    throw error instanceof ConfigError ? error : new CommandError((error as Error).message);
  }
}
