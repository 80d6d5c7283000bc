/**
 * Contract of the OCSF export, checked by others' reading of the standard: findings by the models of py-ocsf-models, and
 * findings and activities by the JSON Schema of OCSF 1.8.0 (package ocsf-json-schema), which knows every attribute and
 * refuses all others. The schema does not attach `ai_operation` to findings: with `strict` nothing is left over, without
 * it the two attributes of that profile are, and they are valid where the schema has them.
 */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { pythonWithClients } from '../../test/support/python.ts';
import { sampleCompleted, sampleOpened, sampleVerdict } from '../ledger/sample-records.ts';
import { isFlagged } from './flagged.ts';
import { lineOf } from './formats.ts';
import type { VerdictItem } from './record.ts';
import { exchangeItem, verdictItem } from './testing/arbitrary-items.ts';

const PYTHON = pythonWithClients();
const SCRIPT = join(import.meta.dirname, 'testing/ocsf.py');
const AI_OPERATION = ['ai_model', 'message_context'];

type Event = Readonly<Record<string, unknown>>;

const flagged = verdictItem.filter(({ record }) => isFlagged(record));
const eventOf = (item: Parameters<typeof lineOf>[0], strict = false) =>
  JSON.parse(lineOf(item, { format: 'ocsf', strict })) as Event;

function sample(changes: Parameters<typeof sampleVerdict>[1] = {}): VerdictItem {
  const record = { ...sampleVerdict('e1', changes), seq: 7, prev_hash: 'a'.repeat(64), hash: 'b'.repeat(64) };
  return { subject: 'verdicts', seq: 7, record, opened: sampleOpened('e1'), completed: sampleCompleted('e1') };
}

describe.skipIf(PYTHON === null)('OCSF, read by others', () => {
  let finding: ValidateFunction;
  let activity: ValidateFunction;
  /** By class, attribute and id. */
  let captions: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>>;

  beforeAll(async () => {
    const { stdout } = await python(['schemas'], '');
    const schemas = JSON.parse(stdout) as { finding: object; activity: object; captions: typeof captions };
    captions = schemas.captions;
    // `deprecated` is left to the schema's own notes; patterns with `.` for dots are the schema's.
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    finding = ajv.compile(schemas.finding);
    activity = ajv.compile(schemas.activity);
  }, 60_000);

  it('a strict finding of any flagged verdict is what the schema allows', () => {
    fc.assert(
      fc.property(flagged, (item) => {
        expect(finding(eventOf(item, true)), JSON.stringify(finding.errors)).toBe(true);
      }),
    );
  });

  it('without strict the finding has the profile ai_operation, valid by the class that the schema attaches it to', () => {
    fc.assert(
      fc.property(flagged, exchangeItem, (item, exchange) => {
        const event = eventOf(item);
        expect(event.metadata).toMatchObject({ profiles: ['security_control', 'ai_operation'] });
        const rest = Object.fromEntries(Object.entries(event).filter(([key]) => !AI_OPERATION.includes(key)));
        expect(finding(rest), JSON.stringify(finding.errors)).toBe(true);
        const borrowed = Object.fromEntries(Object.entries(event).filter(([key]) => AI_OPERATION.includes(key)));
        expect(borrowed).toHaveProperty('message_context');
        expect(activity({ ...eventOf(exchange), ...borrowed }), JSON.stringify(activity.errors)).toBe(true);
      }),
    );
  });

  it('an activity of any exchange is what the schema allows', () => {
    fc.assert(
      fc.property(exchangeItem, (item) => {
        expect(activity(eventOf(item)), JSON.stringify(activity.errors)).toBe(true);
      }),
    );
  });

  it('ids have the captions of the schema, and the type is class and activity', () => {
    fc.assert(
      fc.property(fc.oneof(flagged, exchangeItem), (item) => {
        const event = eventOf(item) as Record<string, string | number>;
        expect(event.type_uid).toBe(Number(event.class_uid) * 100 + Number(event.activity_id));
        for (const name of ['severity', 'status', 'action', 'disposition']) {
          expect(event[name]).toBe(captions[String(event.class_uid)]?.[`${name}_id`]?.[String(event[`${name}_id`])]);
        }
        // 99, other: the caption is the method's own.
        const activityName = captions[String(event.class_uid)]?.activity_id?.[String(event.activity_id)];
        if (event.activity_id !== 99) expect(event.activity_name).toBe(activityName);
      }),
    );
  });

  it('the schema does refuse: an attribute that it has not, a missing one, a wrong id', () => {
    const event = eventOf(sample({ action: 'blocked' }), true);
    expect(finding(event)).toBe(true);
    expect(finding({ ...event, ai_model: { name: 'm', ai_provider: 'p' } })).toBe(false);
    expect(finding({ ...event, severity_id: 42 })).toBe(false);
    expect(finding({ ...event, finding_info: {} })).toBe(false);
  });

  it('py-ocsf-models reads findings, and gives back what we wrote', async () => {
    const items = fc.sample(flagged, { numRuns: 200, seed: 1 });
    const events = items.map((item) => eventOf(item));
    const { stdout } = await python(['models'], events.map((event) => JSON.stringify(event)).join('\n'));
    const read = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Event);
    expect(read).toHaveLength(events.length);
    for (const [index, event] of events.entries()) {
      // null: the model refused it. It keeps no attribute that it does not know.
      const kept = read[index] ?? {};
      expect(kept.class_uid).toBe(2004);
      expect(event).toMatchObject(kept);
    }
  }, 60_000);
});

describe('OCSF findings', () => {
  it.each([
    [{ action: 'would_block' }, { action_id: 3, disposition_id: 15 }],
    [{ action: 'blocked' }, { action_id: 2, disposition_id: 2 }],
    [{ action: 'cut' }, { action_id: 2, disposition_id: 6 }],
    [{ overall: { label: 'violation', severity: 'critical', score: 1 } }, { severity_id: 5, action_id: 1 }],
    [{ overall: { label: 'undetermined', severity: 'medium', score: null } }, { severity_id: 3 }],
  ] as const)('%j is %j', (changes, expected) => {
    expect(eventOf(sample(changes))).toMatchObject({ class_uid: 2004, type_uid: 200401, ...expected });
  });

  it('are not made of verdicts that found nothing', () => {
    expect(lineOf(sample(), { format: 'ocsf', strict: false })).toBe('');
  });

  it('carry the call, what was violated with its evidence, the model and its tokens', () => {
    const event = eventOf(
      sample({
        overall: { label: 'violation', severity: 'high', score: 0.7 },
        criteria: [
          {
            ...{ id: 'data_leak', score: 3, threshold: 2, label: 'violation', severity: 'high', explanation: 'why' },
            evidence: [{ place: 'request.messages[0].content', quote: 'q' }],
          },
        ],
      }),
    );
    expect(event).toMatchObject({
      finding_info: { types: ['data_leak'], analytic: { name: 'default', type_id: 4 } },
      evidences: [
        { api: { operation: 'openai.chat_completions', request: { uid: 'request-e1' }, response: { code: 200 } } },
        { name: 'data_leak', data: { score: 3, evidence: [{ quote: 'q' }] } },
      ],
      ai_model: { name: 'gpt-5-mini-2025-08-07', ai_provider: 'openai' },
      message_context: { prompt_tokens: 12, completion_tokens: 34, total_tokens: 46 },
      metadata: { version: '1.8.0', uid: 'verdict-e1', correlation_uid: 'e1', sequence: 7 },
    });
  });
});

async function python(args: readonly string[], input: string) {
  const ran = promisify(execFile)(PYTHON ?? '', [SCRIPT, ...args], { env: {}, maxBuffer: 64 * 1024 * 1024 });
  ran.child.stdin?.end(input);
  const { stdout, stderr } = await ran;
  expect(stderr).toBe('');
  return { stdout };
}
