/** Every kind of audit record says who, what and to what; the two states compare by what changed. */

import { expect, it } from 'vitest';
import type { AuditRow } from '../../../../ledger/read-model/rows.ts';
import { entryOf } from './entry.ts';

const ts = '2026-11-21T12:00:00.000Z';
const actor = { kind: 'user', name: 'ada' } as const;

it.each<[AuditRow, string, string, string]>([
  [
    {
      ...{ kind: 'act', seq: 1, act_id: 'a', ts, actor: { kind: 'token', name: 'tok1' } },
      ...{ action: 'user.update', object: 'bob', before: { role: 'viewer' }, after: { role: 'admin' } },
    },
    'token tok1',
    'user.update',
    'bob',
  ],
  [
    {
      ...{ kind: 'label', seq: 2, label_id: 'l', ts, exchange_id: 'x', verdict_id: null, reviewer: 'ada' },
      ...{ label: null, replaces: 'k', queue: null, blind: false, sampling_probability: null, bulk_id: null },
      note_sha256: null,
    },
    'ada',
    'label.withdraw',
    'x',
  ],
  [
    {
      ...{ kind: 'erasure', seq: 3, erasure_id: 'e', ts, actor, reason: 'request', tier: 'text' },
      ...{ scope: { kind: 'client', of: 'c' }, seqs: [1, 2] },
    },
    'ada',
    'erasure.text',
    'client c',
  ],
  [
    {
      ...{ kind: 'export_gap', seq: 4, gap_id: 'g', ts, sink: 'siem', from_seq: 1, to_seq: 9 },
      ...{ records: 4, reason: 'bound' },
    },
    'system',
    'export.gap',
    'siem',
  ],
])('%j', (row, who, did, object) => expect(entryOf(row)).toMatchObject({ who, did, object, ts }));

it('states have their keys in order', () => {
  const act = { kind: 'act', seq: 1, act_id: 'a', ts, actor, action: 'user.update', object: 'bob' } as const;
  const entry = entryOf({ ...act, before: { b: 1, a: 2 }, after: { a: 2, b: 3 } });
  expect(entry.before).toBe('{\n  "a": 2,\n  "b": 1\n}');
  expect(entryOf({ ...act, actor: { kind: 'system', name: 'system' }, before: null, after: null }).who).toBe('system');
});
