/**
 * Puts a version in force: the act, the table and then the judge, in that order. Act and table are one transaction; the
 * judge is replaced when it is committed, and after a crash in between the start does it.
 */

import type { Policies } from '../../judge/published.ts';
import { textHash } from '../../judge/published.ts';
import type { Rubric } from '../../judge/rubric.ts';
import type { Action } from '../../ledger/acts.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { ConflictError } from '../../ledger/ledger-error.ts';
import type { PolicyRow } from '../../ledger/tables/policies.ts';
import type { Change } from '../../ledger/tables/statements-of-tables.ts';
import { type Clock, timestamp } from '../../telemetry/clock.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Context } from '../handlers.ts';
import { ApiProblem } from '../problems.ts';
import { usableRubric } from './rubric-check.ts';

export interface PublishingParts {
  readonly ledger: Pick<Ledger, 'append' | 'rows'>;
  readonly policies: Policies;
  readonly clock: Clock;
  readonly log: Log;
}

/** What is to be in force. */
interface Next {
  readonly version: number;
  readonly yaml: string;
  readonly rubric: Rubric;
}

export class Publishing {
  readonly #parts: PublishingParts;
  /** One at a time: judges are replaced in the order of the commits. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: PublishingParts) {
    this.#parts = parts;
  }

  /** @param revision of the draft as the caller saw it */
  publish(judge: string, revision: number, note: string, context: Context): Promise<void> {
    return this.#inTurn(async () => {
      this.#checkPublishable(judge);
      const [draft] = await this.#parts.ledger.rows<PolicyRow>('policyDraft', judge);
      if (draft?.revision !== revision) throw new ApiProblem('conflict', 'The draft is another one now.');
      const next = { version: draft.version, yaml: draft.yaml, rubric: usableRubric(draft.yaml) };
      const [now, { user }] = [timestamp(this.#parts.clock), context.caller];
      await this.#put('policy.publish', judge, next, { revision, note }, context, [
        ['publishDraft', now, user, note, next.rubric.hash, judge, revision, judge],
      ]);
    });
  }

  /** The text of an earlier version as a new one. @returns its number */
  rollBack(judge: string, to: Pick<PolicyRow, 'version' | 'yaml'>, note: string, context: Context): Promise<number> {
    return this.#inTurn(async () => {
      this.#checkPublishable(judge);
      const rubric = usableRubric(to.yaml);
      const [last] = await this.#parts.ledger.rows<{ version: number }>('lastPolicyVersion', judge);
      const version = (last?.version ?? 0) + 1;
      const [now, { user }] = [timestamp(this.#parts.clock), context.caller];
      const said = { of_version: to.version, note };
      await this.#put('policy.rollback', judge, { version, yaml: to.yaml, rubric }, said, context, [
        ['insertPublished', judge, version, to.yaml, rubric.hash, user, now, now, now, user, note],
      ]);
      return version;
    });
  }

  async #put(
    action: Action,
    judge: string,
    next: Next,
    said: Readonly<Record<string, unknown>>,
    context: Context,
    changes: readonly Change[],
  ): Promise<void> {
    const { ledger, policies, log } = this.#parts;
    const before = policies.inForce(judge);
    if (before === null) throw new ApiProblem('not_found');
    const act = context.act(action, judge, this.#state(judge, before), { ...this.#state(judge, next), ...said });
    const retired: Change[] = before.version === 0 ? [] : [['retirePolicy', judge, before.version]];
    try {
      await ledger.append([{ kind: 'act', record: act }], [...retired, ...changes]);
    } catch (error) {
      if (error instanceof ConflictError) throw new ApiProblem('conflict', 'Another version was published meanwhile.');
      throw error;
    }
    policies.put(judge, next);
    log.write('info', 'policy_in_force', { judge, version: String(next.version), action });
  }

  #state(judge: string, { version, yaml, rubric }: Next): Readonly<Record<string, unknown>> {
    const judgeHash = this.#parts.policies.judgeWith(judge, { rubric })?.hash ?? null;
    return { version, rubric_hash: rubric.hash, judge_hash: judgeHash, text_sha256: textHash(yaml) };
  }

  #checkPublishable(judge: string): void {
    if (this.#parts.policies.publishable(judge)) return;
    throw new ApiProblem('not_possible', 'The configuration keeps the file of this judge in force (judges.*.policy).');
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
