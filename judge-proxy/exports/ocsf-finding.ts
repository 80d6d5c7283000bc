/**
 * OCSF Detection Finding (class 2004) of a flagged verdict. The schema attaches the profile `ai_operation` to API
 * Activity and not to findings: its two attributes stand at the top all the same, where who looks for models finds them,
 * unless `strict` is asked for; then they are in `unmapped`, and nothing in the event is unknown to the schema.
 */

import type { CriterionVerdict, RuleHit } from '../ledger/records.ts';
import { title, violated } from './flagged.ts';
import { aiOperation, control, metadata, PROFILES, severity } from './ocsf-parts.ts';
import { epochMs, PRODUCER, present, whole } from './producer.ts';
import type { VerdictItem } from './record.ts';

export function detectionFinding(item: VerdictItem, strict: boolean): object {
  const { record, opened, completed } = item;
  const ai = aiOperation(record, completed?.response_id);
  const time = epochMs(record.ts);
  return {
    ...{ category_uid: 2, category_name: 'Findings', class_uid: 2004, class_name: 'Detection Finding' },
    ...{ activity_id: 1, activity_name: 'Create', type_uid: 200401, type_name: 'Detection Finding: Create' },
    time,
    ...present({ start_time: opened && epochMs(opened.ts), end_time: completed && epochMs(completed.ts) }),
    ...severity(record.overall.severity),
    ...{ status_id: 1, status: 'New', is_alert: true, message: title(record) },
    ...control(record.action),
    metadata: metadata({
      uid: record.verdict_id,
      exchangeId: record.exchange_id,
      seq: record.seq,
      ts: record.ts,
      log: 'verdicts',
      profiles: strict ? PROFILES.slice(0, 1) : PROFILES,
    }),
    finding_info: {
      uid: record.verdict_id,
      title: title(record),
      types: violated(record),
      created_time: time,
      data_sources: [PRODUCER.name],
      analytic: analytic(item),
    },
    ...(record.judge === null ? {} : { policy: { name: record.judge.name, uid: record.judge.rubric_hash } }),
    resources: [{ name: record.host, type: 'LLM API', namespace: record.route }],
    evidences: [call(item), ...record.criteria.filter(isViolated).map(criterion), ...record.rule_hits.map(ruleHit)],
    ...(strict ? {} : ai),
    unmapped: { ...ours(item), ...(strict ? ai : {}) },
  };
}

/** The rules alone, or the model with its rubric: what came to this verdict. */
function analytic({ record }: VerdictItem): object {
  const byModel = record.decided_by === 'model';
  return {
    name: record.judge?.name ?? 'rules',
    uid: record.judge?.hash ?? 'rules',
    ...(byModel ? { type_id: 4, type: 'Learning (ML/DL)' } : { type_id: 1, type: 'Rule' }),
    ...(byModel ? present({ algorithm: record.judge?.model }) : {}),
  };
}

/** The call that was judged. */
function call({ record, opened }: VerdictItem): object {
  return {
    name: 'exchange',
    actor: { user: { name: record.client, uid: record.client } },
    api: {
      operation: record.api,
      request: { uid: record.request_id },
      ...(record.status === null ? {} : { response: { code: record.status } }),
    },
    dst_endpoint: present({ hostname: record.host, port: opened?.port }),
  };
}

function isViolated({ label }: CriterionVerdict): boolean {
  return label === 'violation';
}

function criterion({ id, score, threshold, evidence, explanation, ...one }: CriterionVerdict): object {
  return { name: id, data: { score, threshold, severity: one.severity, evidence, explanation } };
}

function ruleHit({ rule, ...hit }: RuleHit): object {
  return { name: rule, data: hit };
}

/** What OCSF has no attribute for. */
function ours({ record }: VerdictItem): object {
  return {
    label: record.overall.label,
    ...present({ score: record.overall.score, release: record.release, input_sha256: record.input_sha256 }),
    ...{ state: record.state, decided_by: record.decided_by, mode: record.mode, subject: record.subject },
    ...{ coverage: record.coverage, route: record.route, streamed: record.streamed },
    ...present({ latency_ms: whole(record.latency_ms) }),
    ...{ prev_hash: record.prev_hash, hash: record.hash },
  };
}
