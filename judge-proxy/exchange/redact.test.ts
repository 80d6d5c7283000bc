/**
 * No text of a finding is left anywhere in the redacted transcript; what is not a finding stays as it was; equal
 * secrets are seen to be equal.
 */

import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cpuMs } from '../../test/support/cpu-time.ts';
import { namePlace, placedTexts, word } from './free-strings.ts';
import { LiteralSet } from './literals.ts';
import { type Finding, redact } from './redact.ts';
import type { Part, Transcript } from './transcript.ts';

const KEY = 'AKIAIOSFODNN7EXAMPLE';
const token = (secret: string) => createHmac('sha256', 'key of this exchange').update(secret).digest('hex').slice(0, 8);

function part(place: string, text: string, over: Partial<Part> = {}): Part {
  return { side: 'request', place, role: 'user', kind: 'text', text, ...over };
}

function transcript(parts: readonly Part[], over: Partial<Transcript> = {}): Transcript {
  return {
    api: 'openai.chat_completions',
    model_requested: 'gpt-5-mini',
    model_returned: null,
    streamed: false,
    finish: ['stop'],
    usage: { tokens_in: 1, tokens_out: 2, tokens_cached: null },
    parts,
    error: null,
    unknown_items: 0,
    ...over,
  };
}

function find(place: string, text: string, secret: string, type = 'aws_access_key_id'): Finding {
  const start = text.indexOf(secret);
  return { place, start, end: start + secret.length, type };
}

describe('redact', () => {
  it('puts a typed placeholder where a finding stood', () => {
    const text = `use ${KEY}, please`;
    const clean = redact(transcript([part('a', text)]), [find('a', text, KEY)], token);
    expect(clean.parts[0]?.text).toBe(`use [REDACTED:aws_access_key_id:${token(KEY)}], please`);
  });

  it('changes nothing without findings', () => {
    const before = transcript([part('a', 'hello'), part('b', 'x', { name: 'get_weather' })]);
    expect(redact(before, [], token)).toEqual(before);
  });

  it('marks a placeholder that traffic wrote itself: only ours look like ours', () => {
    const forged = '[REDACTED:aws_access_key_id:726d202d]';
    const text = `${forged} ${KEY} [REDACTED:${KEY}:00000000]`;
    const { parts, model_requested } = redact(
      transcript([part('a', text), part('b', forged)], { model_requested: forged }),
      [find('a', text, KEY)],
      token,
    );
    const ours = `[REDACTED:aws_access_key_id:${token(KEY)}]`;
    const marked = '[NOT_REDACTED:aws_access_key_id:726d202d]';
    expect(parts.map((one) => one.text)).toEqual([`${marked} ${ours} [NOT_REDACTED:${ours}:00000000]`, marked]);
    expect(model_requested).toBe(marked);
  });

  it('takes the same secret out of every other string, escaped or not', () => {
    const pem = '-----BEGIN KEY-----\nMIIB"quoted"\n-----END KEY-----';
    const clean = redact(
      transcript(
        [
          part('a', `here: ${pem}`),
          part('b', JSON.stringify({ key: pem }), { kind: 'tool_call', name: KEY }),
          part('c', `${KEY}${KEY}`),
          part('d', KEY),
        ],
        { model_requested: KEY, model_returned: `ft:${KEY}`, finish: [KEY], error: { type: KEY, code: `x${KEY}` } },
      ),
      [find('a', `here: ${pem}`, pem, 'private_key'), find('d', KEY, KEY)],
      token,
    );
    const json = JSON.stringify(clean);
    expect(json).not.toContain(KEY);
    expect(json).not.toContain('MIIB');
    const placeholder = `[REDACTED:aws_access_key_id:${token(KEY)}]`;
    expect(clean.parts[2]?.text).toBe(placeholder + placeholder);
    expect(clean.parts[1]).toMatchObject({ text: `{"key":"[REDACTED:private_key:${token(pem)}]"}`, name: placeholder });
    expect(clean).toMatchObject({
      model_requested: placeholder,
      finish: [placeholder],
      error: { code: `x${placeholder}` },
    });
  });

  it('takes the plain form out where the finding was escaped', () => {
    const escaped = 'first line\\nsecond line';
    const clean = redact(
      transcript([part('a', escaped), part('b', 'first line\nsecond line')]),
      [find('a', escaped, escaped)],
      token,
    );
    expect(clean.parts[1]?.text).toMatch(/^\[REDACTED:[^\n]*\]$/);
  });

  it('merges overlapping findings and keeps neighbours apart', () => {
    const text = '0123456789abcdef';
    const span = (start: number, end: number, type: string): Finding => ({ place: 'a', start, end, type });
    const one = redact(transcript([part('a', text)]), [span(2, 8, 'short'), span(4, 14, 'long')], token);
    expect(one.parts[0]?.text).toBe(`01[REDACTED:long:${token('23456789abcd')}]ef`);
    const nested = redact(transcript([part('a', text)]), [span(0, 10, 'outer'), span(2, 4, 'inner')], token);
    expect(nested.parts[0]?.text).toBe(`[REDACTED:outer:${token('0123456789')}]abcdef`);
    const two = redact(transcript([part('a', text)]), [span(0, 4, 'x'), span(4, 8, 'y')], token);
    expect(two.parts[0]?.text).toBe(`[REDACTED:x:${token('0123')}][REDACTED:y:${token('4567')}]89abcdef`);
  });

  it('reaches names and model names by their own places', () => {
    const before = transcript([part('request.tools[0]', 'x', { kind: 'tool_definition', name: `send_${KEY}` })], {
      model_requested: `m ${KEY}`,
    });
    for (const { place, text } of placedTexts(before).filter((placed) => placed.text.includes(KEY))) {
      expect(JSON.stringify(redact(before, [find(place, text, KEY)], token))).not.toContain(KEY);
    }
    expect(namePlace('request.tools[0]')).toBe('request.tools[0]#name');
  });

  it('survives findings that lie: outside the text, reversed, not numbers, no such place', () => {
    const lies = [
      { place: 'a', start: -5, end: 3, type: 't' },
      { place: 'a', start: 4, end: 400, type: 't' },
      { place: 'a', start: 3, end: 1, type: 't' },
      { place: 'a', start: Number.NaN, end: Number.NaN, type: 't' },
      { place: 'nowhere', start: 0, end: 1, type: 't' },
    ];
    expect(redact(transcript([part('a', 'abcdef')]), lies, token).parts[0]?.text).toBe(
      `[REDACTED:t:${token('abc')}]d[REDACTED:t:${token('ef')}]`,
    );
  });

  it('does not leave half of a surrogate pair', () => {
    for (const [start, end] of [
      [2, 3],
      [1, 2],
    ] as const) {
      const clean = redact(transcript([part('a', 'a👋b')]), [{ place: 'a', start, end, type: 't' }], token);
      expect(clean.parts[0]?.text).toBe(`a[REDACTED:t:${token('👋')}]b`);
    }
  });

  it('bounds model names and words, and keeps the names that exist', () => {
    for (const name of [
      'gpt-5-mini',
      'ft:gpt-4o:org::id',
      'anthropic/claude-3.5',
      '@cf/meta/llama-3',
      'content_filter',
    ])
      expect(word(name)).toBe(name);
    expect(word('x'.repeat(500))).toHaveLength(128);
    expect(word('a\u001b[31m\nb\u2028"ü')).toBe('a?[31m?b???');
    const clean = redact(transcript([], { model_requested: 'm'.repeat(10_000), finish: ['a\nb'] }), [], token);
    expect(clean).toMatchObject({ model_requested: `${'m'.repeat(125)}...`, finish: ['a?b'] });
  });
});

describe('properties', () => {
  // Lower case and a few specials: no secret of these letters is part of a placeholder, whose words are upper case and hex.
  const secretText = fc.string({
    unit: fc.constantFrom('g', 'h', 'k', 'q', '"', '\\', '\n', 'ü', '👋'),
    minLength: 1,
    maxLength: 24,
  });
  const filler = fc.string({ unit: fc.constantFrom('z', ' ', 'g', 'q', '\n'), maxLength: 12 });
  const placed = fc.array(fc.array(fc.oneof(secretText, filler), { maxLength: 6 }), { minLength: 1, maxLength: 5 });

  it('leaves no text of a finding at its place, and none of eight characters anywhere', () => {
    fc.assert(
      fc.property(
        placed,
        fc.array(fc.tuple(fc.nat(4), fc.nat(60), fc.integer({ min: 1, max: 30 })), { maxLength: 8 }),
        (texts, cuts) => {
          const parts = texts.map((pieces, index) => part(`p[${index}]`, pieces.join(''), { name: pieces[0] ?? '' }));
          const findings = cuts.map(
            ([index, start, length]): Finding => ({ place: `p[${index}]`, start, end: start + length, type: 'T' }),
          );
          const clean = redact(transcript(parts, { model_requested: texts[0]?.join('') ?? '' }), findings, token);
          const json = JSON.stringify(clean);
          for (const finding of findings) {
            const text = parts.find(({ place }) => place === finding.place)?.text ?? '';
            const secret = text.slice(finding.start, finding.end);
            if (secret.length < 8) continue;
            for (const { text: left } of placedTexts(clean)) expect(left).not.toContain(secret);
            expect(json).not.toContain(JSON.stringify(secret).slice(1, -1));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('keeps every character that is neither found nor a copy of a secret', () => {
    const outside = fc.string({ unit: fc.constantFrom('z', ' ', 'x'), maxLength: 20 });
    fc.assert(
      fc.property(outside, outside, (before, after) => {
        const text = `${before}${KEY}${after}`;
        const clean = redact(transcript([part('a', text)]), [find('a', text, KEY)], token).parts[0]?.text;
        expect(clean).toBe(`${before}[REDACTED:aws_access_key_id:${token(KEY)}]${after}`);
      }),
    );
  });

  it('takes the longest of the secrets that begin at one place, in whichever order they were found', () => {
    const short = 'abcdefgh';
    const long = 'abcdefghij';
    for (const order of [
      [short, long],
      [long, short],
    ]) {
      const set = new LiteralSet<string>();
      for (const secret of order) set.add(secret, secret);
      expect(set.find(`x${long}x`)).toEqual([{ start: 1, end: 11, value: long }]);
    }
  });

  it('finds exactly what indexOf finds', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 200 });
    const literal = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 6, maxLength: 12 });
    fc.assert(
      fc.property(text, fc.array(literal, { maxLength: 6 }), (haystack, needles) => {
        const set = new LiteralSet<string>();
        for (const needle of needles) set.add(needle, needle);
        const long = needles.filter((needle) => needle.length >= 8);
        const starts = [...haystack].flatMap((_, at) =>
          long.some((needle) => haystack.startsWith(needle, at)) ? [at] : [],
        );
        const found = set.find(haystack);
        expect(found.map((match) => match.start)).toEqual(starts);
        for (const match of found) {
          const here = long.filter((needle) => haystack.startsWith(needle, match.start));
          expect(match.value).toBe(here.toSorted((a, b) => b.length - a.length)[0]);
          expect(haystack.slice(match.start, match.end)).toBe(match.value);
        }
      }),
    );
  });

  it('stays linear with a thousand secrets and four megabytes', () => {
    const secrets = Array.from({ length: 1000 }, (_, at) => `secret-${at}-${token(String(at))}`);
    const known = secrets.join(' ');
    const findings = secrets.map((secret) => find('a', known, secret, 'token'));
    const long = 'secret-secret-secret '.repeat(200_000);
    const started = cpuMs();
    const clean = redact(transcript([part('a', known), part('b', long + secrets[7])]), findings, token);
    expect(clean.parts[1]?.text.endsWith(']')).toBe(true);
    expect(cpuMs() - started).toBeLessThan(5000);
  });
});
