/**
 * Values of headers as sets that many exchanges share: what is found is what a set made for one exchange finds, nothing of
 * one exchange gets into another, and only so many are kept.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KnownLiterals } from './known-literals.ts';
import type { KnownSecret } from './known-secret.ts';
import { Redactor } from './redact.ts';
import type { Transcript } from './transcript.ts';

const KEY: KnownSecret = { text: 'tenant-key-0001', type: 'header_x_api_key' };
const OTHER: KnownSecret = { text: 'tenant-key-0002', type: 'header_x_api_key' };
const token = (secret: string) => `${secret.length}`;

function transcriptOf(...texts: string[]): Transcript {
  return {
    api: 'test',
    ...{ model_requested: null, model_returned: null, streamed: false, finish: [], error: null, unknown_items: 0 },
    usage: { tokens_in: null, tokens_out: null, tokens_cached: null },
    parts: texts.map((text, index) => ({
      ...({ side: 'request', role: 'user', kind: 'text', place: `request.messages[${index}].content`, text } as const),
    })),
  };
}

function shown(text: string, secrets: readonly KnownSecret[], literals: KnownLiterals | null, found = ''): string {
  const at = found === '' ? -1 : text.indexOf(found);
  const place = 'request.messages[0].content';
  const findings = at === -1 ? [] : [{ place, start: at, end: at + found.length, type: 'found' }];
  const redactor = new Redactor(transcriptOf(text, text), findings, token, [], { secrets, literals });
  return redactor
    .redacted()
    .parts.map((part) => part.text)
    .join('\n');
}

describe('sets of header values that exchanges share', () => {
  it('find a value and its encoded forms, the first time and again', () => {
    const literals = new KnownLiterals();
    const text = [
      KEY.text,
      Buffer.from(`x${KEY.text}`).toString('base64'),
      Buffer.from(KEY.text).toString('hex'),
    ].join();
    for (let time = 0; time < 2; time++) {
      const rest = shown(text, [KEY], literals);
      expect(rest).toBe(shown(text, [KEY], null));
      expect(rest.match(/\[REDACTED:header_x_api_key:/g)).toHaveLength(6);
    }
    expect(literals.size).toBe(1);
  });

  it('find percent-encoded forms in a text that has them, after one that has none', () => {
    const literals = new KnownLiterals();
    const secret = { text: 'tenant key/0001', type: 'header_x_api_key' };
    shown('nothing', [secret], literals);
    expect(shown('a tenant%20key%2F0001', [secret], literals)).not.toContain('0001');
  });

  it('hold nothing that another exchange was found to hold', () => {
    const literals = new KnownLiterals();
    const text = 'the word swordfish-1 is said';
    expect(shown(text, [KEY], literals, 'swordfish-1')).not.toContain('swordfish');
    expect(shown(text, [KEY], literals)).toContain('swordfish-1');
    expect(shown(`${text} ${KEY.text}`, [OTHER], literals)).toContain(KEY.text);
  });

  it('are kept for so many values, and so long ones', () => {
    const literals = new KnownLiterals();
    for (let i = 0; i < 2_000; i++) expect(literals.of([{ text: `value-${i}-long`, type: 'x' }], false)).not.toBeNull();
    expect(literals.size).toBeLessThanOrEqual(256);
    expect(literals.of([{ text: 'v'.repeat(3_000), type: 'x' }], false)).toBeNull();
    const many = Array.from({ length: 7 }, (_, i) => ({ text: `value-${i}-long`, type: 'x' }));
    expect(literals.of(many, false)).toBeNull();
    expect(shown(`say value-6-long`, many, literals)).not.toContain('value-6-long');
  });

  it('say the same as sets of one exchange, whatever values and texts', () => {
    const literals = new KnownLiterals();
    const character = fc.constantFrom('a', 'b', '\\', '"', '/', '%', ' ', '\0', '1', '\u{1f600}');
    const value = fc.string({ unit: character, minLength: 8, maxLength: 12 });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 3 }), value, (values, around) => {
        const known = [...new Set(values)].map((text, index) => ({ text, type: `t${index % 2}` }));
        const escaped = JSON.stringify(JSON.stringify(values));
        const text = `${around}${values.join(around)}${escaped}${Buffer.from(escaped).toString('base64')}`;
        expect(shown(text, known, literals, around)).toBe(shown(text, known, null, around));
      }),
    );
  });
});
