/** A data file is read as it is meant or refused with its line. */

import { describe, expect, it } from 'vitest';
import { INPUT } from '../../judge/testing/judgements.ts';
import { CommandError } from '../command.ts';
import { parsePairs } from './pairs.ts';

const PAIR = {
  id: 'a-1',
  labels: { leak: 'violation', rude: 'pass' },
  path: '/v1/chat/completions',
  request: { model: 'm', messages: [{ role: 'user', content: 'hello' }] },
  response: { choices: [] },
};

const parse = (...lines: readonly unknown[]) =>
  parsePairs(lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'), 'd.jsonl');

it('reads pairs on the wire and documents of the ledger', () => {
  const [wire, document] = parse(PAIR, '', { id: 'b-1', labels: { leak: 'pass' }, input: INPUT });
  expect(wire).toMatchObject({ id: 'a-1', group: 'a-1', labels: PAIR.labels, source: { kind: 'wire', status: 200 } });
  expect(document).toMatchObject({ id: 'b-1', source: { kind: 'input', input: INPUT } });
});

it('reads documents of the ledger with an earlier turn and with what was decoded', () => {
  const [part] = INPUT.transcript.parts;
  const input = {
    ...INPUT,
    context: { exchanges: [{ exchange_id: 'e-1', input_sha256: 'f'.repeat(64) }], parts: [part], complete: true },
    decoded: [{ place: `${part?.place}#base64:1`, coding: 'base64', text: 'hello' }],
  };
  const [document] = parse({ id: 'b-1', labels: { leak: 'pass' }, input });
  expect(document?.source).toMatchObject({ kind: 'input', input });
});

it('puts twins into one group, whichever comes first', () => {
  const [first, second] = parse({ ...PAIR, twin: 'a-2' }, { ...PAIR, id: 'a-2', twin: 'a-1' });
  expect(first?.group).toBe(second?.group);
});

describe('refused', () => {
  it.each([
    ['what is no JSON', [PAIR, '{'], 'd.jsonl:2: this line is no JSON.'],
    ['an unknown key', [{ ...PAIR, lables: {} }], /^d\.jsonl:1: Unrecognized key: "lables"/],
    ['a label in other words', [{ ...PAIR, labels: { leak: 'bad' } }], /^d\.jsonl:1: labels\.leak: /],
    ['no label', [{ ...PAIR, labels: {} }], 'd.jsonl:1: labels: at least one criterion must have a label.'],
    ['a path that nothing reads', [{ ...PAIR, path: '/v1/none' }], 'd.jsonl:1: path: no wire format reads this path.'],
    ['both forms at once', [{ ...PAIR, input: INPUT }], /^d\.jsonl:1: Unrecognized keys/],
    [
      'a document with a part of another kind',
      [{ id: 'x', labels: { a: 'pass' }, input: { ...INPUT, version: 2 } }],
      /^d\.jsonl:1: input\.version/,
    ],
    ['the same id twice', [PAIR, '', PAIR], 'd.jsonl:3: the id a-1 stands in line 1 already.'],
    ['an unknown placeholder', [{ ...PAIR, why: '{{synthetic:cookie}}' }], /^d\.jsonl:1: there is no placeholder/],
    ['an empty file', [''], 'd.jsonl has no pairs.'],
  ])('%s', (_, lines, message) => {
    const read = () => parse(...lines);
    expect(read).toThrow(CommandError);
    expect(read).toThrow(message);
  });
});
