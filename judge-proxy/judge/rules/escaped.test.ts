/** Contract: JSON escapes are undone as JSON has them, and every range leads back to what it was written as. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SECRETS } from '../testing/secrets.ts';
import { unescapedText } from './escaped.ts';
import { runRules } from './run-rules.ts';

const escaped = (text: string) => JSON.stringify(text).slice(1, -1);

it('undoes what JSON.stringify does, and ranges lead back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.nat(60), fc.nat(60), (text, a, b) => {
      const written = escaped(text);
      const found = unescapedText(written);
      if (found === null) return void expect(written).toBe(text);
      expect(found.text).toBe(text);
      const [start, end] = [Math.min(a, b, text.length), Math.min(Math.max(a, b), text.length)];
      const range = found.original(start, end);
      expect(JSON.parse(`"${written.slice(range.start, range.end)}"`)).toBe(text.slice(start, end));
    }),
    { numRuns: 500 },
  );
});

it.each(['C:\\path', 'a\\', '\\u12', '\\x41', 'plain'])(
  '%j has no escape that is one, or keeps what is none',
  (text) => {
    expect(unescapedText(text)?.text ?? text).toContain(text.slice(0, 1));
  },
);

describe('a secret behind an escaped line break', () => {
  const read = (text: string) =>
    runRules([{ place: 'p', text, ofApplication: false }], { rules: [], budgetMs: 10_000, now: () => 0 }).redactions;

  it.each(SECRETS)('$name, in the arguments of a tool call, and in JSON inside of them', ({ text, secret }) => {
    for (const written of [escaped(`note\n${text}\n`), escaped(escaped(`note\n${text}\n`))]) {
      const left = read(written).toReversed();
      const rest = left.reduce((whole, { start, end }) => whole.slice(0, start) + whole.slice(end), written);
      expect(rest).not.toContain(escaped(secret));
      expect(rest).not.toContain(escaped(escaped(secret)));
      expect(rest).toContain('note');
    }
  });
});
