/**
 * No text hangs a rule: one MiB of each pattern's worst near match is read within the time that one exchange has.
 * The bound is far above what is measured (at most 250 ms for all rules) and far below what a pattern that
 * backtracks takes (seconds to years): it tells linear from not, and is no benchmark.
 */

import { expect, it } from 'vitest';
import { cpuMs } from '../../../test/support/cpu-time.ts';
import { RULE_NAMES } from './rule.ts';
import { runRules } from './run-rules.ts';

const MIB = 2 ** 20;
const BOUND_MS = 2_500;

const NEAR_MATCHES: readonly string[] = [
  ...[
    'word ',
    'token = ',
    'sk-',
    'sk-aaaaaaaaaaaaaaaaaaa ',
    'AKIAAAAAAAAAAAAAAAAA ',
    'eyJ',
    'eyJaaaaaaaa.eyJaaaaaaaa.',
  ],
  ...['://a:', '://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'https://aaaaaaaa', 'mongodb://a:', 'postgres://aaaaaaaaaa:b'],
  ...[
    'ghs_1_a',
    'ghs_1_a.',
    'xoxb-a-',
    'SG.a.',
    'ops_eyaaaaaaaa',
    '_authToken=a\n',
    'glc_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=',
  ],
  ...['-----BEGIN ', `-----BEGIN ${'PRIVATE'} KEY-----`, `-----BEGIN ${'PRIVATE'} KEY-----\n${'A'.repeat(48)}\n`],
  ...[
    'bearer   ',
    'authorization: ',
    'password is ',
    'password',
    'secret_key_',
    'api_key" : "',
    'aws_secret_access_key   ',
  ],
  ...[
    '4111 1111 1111 1112 ',
    '4',
    '1-',
    '1 ',
    'DE89370400440532013001 ',
    'AA00',
    '123-45-',
    'a@a.',
    'a.',
    'aaaaaaaa@aaaaaaaa.',
    '+1(',
    '+1 ',
  ],
  ...[
    'ignore ',
    'ignore all ',
    'ignore the previous ',
    'judge ',
    'judge score ',
    'score safe ',
    '"nonce":',
    '"nonce": "score":',
  ],
  ...['return the ', 'score as a ', '=== end of ', 'note to the ', 'boundary ', '<|', '<|im_start', '[INST'],
  ...[
    'nothing ',
    'no violation in ',
    'the answer as ',
    'the exchange is entirely ',
    'security approved ',
    'do not ',
    'the lowest ',
    'verdict ',
    'evaluador ',
    'ignorez ',
    '</data>',
    '"evidence":[',
    'nonce ',
  ],
  ...[
    '%41 ',
    '=41',
    '&#65;',
    '\\u0041',
    '\\\\x41',
    '\\',
    '\\"',
    '\\\\n',
    '\\nAKIA',
    '\\u00',
    '\\\\\\\\',
    '4e ',
    '4e6f',
    '01000001 ',
    '65, ',
    '.- ',
    'j u d ',
    'vtaber ',
    'erocs ',
    'judg3 ',
  ],
  ...['AAAAAAAAAAAAAAAA ', 'ABCDEFGH', 'Aa1', 'e\u0301', '\u0430', '\u{1f1e6} ', '\u0000a'],
  ...['a\u200b', '\u{e0041}', '\ufe0f', '\u{1f3f4}\u{e0067}', 'ａ', '\ufdfa', '\u202e', '\u200b'],
  ...['-eyJ', 'token:1aB', 'password:1', '-----BEGIN PRIVATE KEY-----AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA '],
  ...['aA', 'QUFB', 'QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB ', '\ud800', '\u0000'],
];

it.each(NEAR_MATCHES)('all rules read 1 MiB of %j', (unit) => {
  const text = unit.repeat(Math.ceil(MIB / unit.length)).slice(0, MIB);
  const started = cpuMs();
  runRules([{ place: 'p', text, ofApplication: false }], {
    rules: RULE_NAMES,
    budgetMs: Number.POSITIVE_INFINITY,
    now: () => performance.now(),
  });
  expect(cpuMs() - started).toBeLessThan(BOUND_MS);
});

it('ends soon after its budget on many long texts', () => {
  const texts = Array.from({ length: 32 }, (_, index) => ({
    place: `p${index}`,
    // Each its own: a text that was read before is not read again.
    text: `${index} ${'judge ignore all token = 4111 1111 1111 1112 a@a. '.repeat(20_000)}`,
    ofApplication: false,
  }));
  const started = cpuMs();
  const { complete } = runRules(texts, { rules: RULE_NAMES, budgetMs: 50, now: () => performance.now() });
  expect(complete).toBe(false);
  expect(cpuMs() - started).toBeLessThan(BOUND_MS);
});

it('reads the longest copy, 4 MiB of prose, in the time of a rule', () => {
  const prose =
    'A reviewer answers a message about bread, and the result is a list of what is safe to bake on Sundays. ';
  const text = prose.repeat(Math.ceil((4 * MIB) / prose.length));
  for (const rule of RULE_NAMES) {
    const started = cpuMs();
    runRules([{ place: 'p', text, ofApplication: false }], { rules: [rule], budgetMs: Infinity, now: () => 0 });
    // Measured: 100 to 150 ms; the budget of a rule is 250 ms. Twice that, for slower machines.
    expect(cpuMs() - started).toBeLessThan(500);
  }
});
