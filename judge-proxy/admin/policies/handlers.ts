/** Policies: rubrics of judges by version. */

import type { Policies } from '../../judge/published.ts';
import { textHash } from '../../judge/published.ts';
import { replayCase } from '../../judge/replay.ts';
import { rubricJsonSchema } from '../../judge/rubric.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { ConflictError } from '../../ledger/ledger-error.ts';
import type { PolicyRow } from '../../ledger/tables/policies.ts';
import type { Change } from '../../ledger/tables/statements-of-tables.ts';
import { type TrialParts, tryOn } from '../../replays/trial.ts';
import { type Clock, timestamp } from '../../telemetry/clock.ts';
import type { Log } from '../../telemetry/log.ts';
import { findExchange } from '../exchanges/find-exchange.ts';
import type { Context, Handlers } from '../handlers.ts';
import { ApiProblem } from '../problems.ts';
import { diffPolicies } from './policy-diff.ts';
import { policySummaries, policyVersion } from './policy-rows.ts';
import { Publishing } from './publishing.ts';
import { checkRubric, usableRubric } from './rubric-check.ts';

export interface PolicyParts {
  readonly ledger: Pick<Ledger, 'append' | 'rows' | 'exchange'>;
  readonly policies: Policies;
  readonly trial: TrialParts;
  readonly clock: Clock;
  readonly log: Log;
}

type PolicyHandlers = Pick<
  Handlers,
  | 'list_policies'
  | 'policy_schema'
  | 'check_policy'
  | 'read_policy'
  | 'diff_policies'
  | 'save_draft'
  | 'discard_draft'
  | 'try_policy'
  | 'publish_policy'
  | 'roll_back_policy'
>;

export function createPolicyHandlers(parts: PolicyParts): PolicyHandlers {
  const { ledger, policies, clock } = parts;
  const reading = { ledger, policies, loadedAt: timestamp(clock) };
  const publishing = new Publishing(parts);
  const schema = rubricJsonSchema();

  const read = async (judge: string, version: number) => {
    const found = await policyVersion(reading, judge, version);
    if (found === null) throw new ApiProblem('not_found', 'There is no such version.');
    return found;
  };
  const draftOf = async (judge: string) => (await ledger.rows<PolicyRow>('policyDraft', judge))[0] ?? null;
  const known = (judge: string) => {
    if (policies.inForce(judge) === null) throw new ApiProblem('not_found', 'The configuration has no such judge.');
  };

  return {
    list_policies: () => policySummaries(reading),
    policy_schema: async () => schema,
    check_policy: async ({ body }) => {
      const checked = checkRubric(body.yaml);
      return 'rubric' in checked
        ? { ok: true, rubric_hash: checked.rubric.hash, findings: [] }
        : { ok: false, rubric_hash: null, findings: checked.findings };
    },
    read_policy: ({ params }) => read(params.judge, params.version),
    diff_policies: async ({ params, query }) => {
      const [from, to] = await Promise.all([read(params.judge, query.from), read(params.judge, query.to)]);
      return diffPolicies(from, to);
    },

    save_draft: async ({ params: { judge }, body: { yaml, revision } }, context) => {
      known(judge);
      const [draft, last] = await Promise.all([
        draftOf(judge),
        ledger.rows<{ version: number }>('lastPolicyVersion', judge),
      ]);
      if ((draft?.revision ?? 0) !== revision) throw anotherDraft();
      const version = draft?.version ?? (last[0]?.version ?? 0) + 1;
      const checked = checkRubric(yaml);
      const [hash, now, { user }] = [
        'rubric' in checked ? checked.rubric.hash : null,
        timestamp(clock),
        context.caller,
      ];
      const change: Change =
        draft === null
          ? ['insertDraft', judge, version, yaml, hash, user, now, now]
          : ['updateDraft', yaml, hash, user, now, judge, revision];
      const before = draft === null ? null : { version, revision, text_sha256: textHash(draft.yaml) };
      const after = { version, revision: revision + 1, text_sha256: textHash(yaml) };
      await changed(ledger, context.act('policy.draft', judge, before, after), change);
      return read(judge, version);
    },
    discard_draft: async ({ params: { judge } }, context) => {
      const draft = await draftOf(judge);
      if (draft === null) throw new ApiProblem('not_found', 'There is no draft.');
      const { version, revision, yaml } = draft;
      const before = { version, revision, text_sha256: textHash(yaml) };
      await changed(ledger, context.act('policy.discard', judge, before, null), ['deleteDraft', judge, revision]);
      return null;
    },

    try_policy: async ({ params: { judge: name }, body: { yaml, exchange_id } }, { signal }) => {
      const judge = policies.judgeWith(name, { rubric: usableRubric(yaml) });
      if (judge === null) throw new ApiProblem('not_found', 'The configuration has no such judge.');
      const replay = replayCase(await findExchange(ledger, exchange_id));
      if (replay === null) throw new ApiProblem('not_possible', 'The exchange is under way.');
      const tried = await tryOn(replay, judge, parts.trial, signal);
      if (tried.kind === 'given_up') throw new ApiProblem('not_possible', 'It was given up.');
      if (tried.kind === 'unusable') {
        throw new ApiProblem('not_possible', `The exchange cannot be judged again (${tried.why}).`);
      }
      const { before, after, change, usd } = tried;
      return { before, after, change, usd };
    },
    publish_policy: async ({ params: { judge }, body: { revision, note } }, context) => {
      known(judge);
      const version = (await draftOf(judge))?.version ?? 0;
      await publishing.publish(judge, revision, note, context);
      return read(judge, version);
    },
    roll_back_policy: async ({ params: { judge }, body: { version, note } }, context) => {
      known(judge);
      const to = await read(judge, version);
      if (to.state === 'draft') throw new ApiProblem('not_possible', 'A draft was never in force: publish it.');
      if (version === policies.inForce(judge)?.version)
        throw new ApiProblem('not_possible', 'This version is in force.');
      return read(judge, await publishing.rollBack(judge, to, note, context));
    },
  };
}

function anotherDraft(): ApiProblem {
  return new ApiProblem('conflict', 'The draft was changed meanwhile: read it again.');
}

async function changed(ledger: Pick<Ledger, 'append'>, record: ReturnType<Context['act']>, change: Change) {
  try {
    await ledger.append([{ kind: 'act', record }], [change]);
  } catch (error) {
    throw error instanceof ConflictError ? anotherDraft() : error;
  }
}
