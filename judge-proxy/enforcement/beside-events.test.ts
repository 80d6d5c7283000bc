/**
 * Contract: what stands in a stream beside its events (comments, fields that nobody knows, lines that are no field) is
 * read like a text, because some program may show it; and none of it opens the way for what is held.
 */

import { afterEach, describe, expect, test } from 'vitest';
import { SECRETS } from '../judge/testing/secrets.ts';
import { EnforcedRig } from './testing/enforced-rig.ts';
import { FORBIDDEN } from './testing/scripted-consultant.ts';
import { STREAMS } from './testing/streams.ts';

const open: EnforcedRig[] = [];
afterEach(async () => {
  for (const rig of open.splice(0)) await rig[Symbol.asyncDispose]();
});

const WINDOW = { tokens: 40, rules_tokens: 20, overlap_tokens: 10 };
const PROSE = Array.from({ length: 40 }, (_, i) => `Sentence ${i} speaks of rivers and bridges. `).join('');

async function answered(over: object, path: string, body: readonly string[]) {
  const rig = await EnforcedRig.open();
  open.push(rig);
  const exchange = await rig.begin(over, { path });
  exchange.open();
  await exchange.feed(body);
  const got = await exchange.end();
  return { got, rig };
}

/** Each event by itself. */
function eventsOf(stream: string): string[] {
  return stream.split(/(?<=\n\n)/);
}

describe.each(STREAMS.map((shape) => [shape.api.name, shape] as const))('%s', (_name, shape) => {
  test.each(['cleared', 'eager'] as const)('a comment within a tool call does not let it out: %s', async (release) => {
    const stream = eventsOf(shape.write('Hello there.', `{"to":"all","text":"${FORBIDDEN} things for everybody"}`));
    const body = stream.flatMap((event) => [event, ': keep-alive\n\n']);
    const { got } = await answered({ mode: 'window', window: { ...WINDOW, release } }, shape.path, body);
    expect(got.ending.kind).toBe('block');
    expect(got.before.toString()).not.toContain('FORB');
    expect(got.before.toString()).not.toContain('everyb');
  });

  const BESIDE = [
    ['a comment', (text: string) => `: ${text}\n\n`],
    ['a field that nobody knows', (text: string) => `note: ${text}\n\n`],
    ['a line that is no field', (text: string) => `${text}\n\n`],
    ['an id', (text: string) => `id: ${text}\n\n`],
    ['the name of an event', (text: string) => `event: ${text}\ndata: {}\n\n`],
  ] as const;
  const MODES = [
    { mode: 'hold' },
    { mode: 'window', window: { ...WINDOW, release: 'cleared' } },
    { mode: 'window', window: { ...WINDOW, release: 'eager' } },
  ] as const;
  const CASES = BESIDE.flatMap(([what, write]) => MODES.map((over) => ({ what, write, over })));

  test.each(CASES)('a secret in $what is not delivered: $over', async ({ write, over }) => {
    const secret = SECRETS[0];
    if (secret === undefined) throw new Error('there are secrets');
    const stream = eventsOf(shape.write(PROSE));
    const half = Math.floor(stream.length / 2);
    const body = [
      ...stream.slice(0, half),
      write(`Without a reason this says ${secret.text} and so on for a while, and then some more.`),
      ...stream.slice(half),
    ];
    const { got } = await answered(over, shape.path, body);
    expect(got.ending.kind).toBe('block');
    expect(got.text).not.toContain(secret.secret);
  });
});
