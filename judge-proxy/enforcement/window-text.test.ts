import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Delta } from '../apis/stream-reader.ts';
import { WindowText } from './window-text.ts';

const delta = (text: string, place = 'response.a'): Delta => ({ place, role: 'assistant', kind: 'text', text });
const texts = (parts: readonly { text: string }[]) => parts.map(({ text }) => text);

describe('a word that grows', () => {
  test('is not read before its end, nor the unit with which it began', () => {
    const text = new WindowText({ rules: 0, model: 0 });
    text.add(delta('Take sk-'), 1);
    text.add(delta('proj-abc'), 2);
    expect(text.growsSince).toBe(1);
    expect(texts(text.take('rules'))).toEqual(['Take ']);
    text.add(delta('def for it. '), 3);
    expect(text.growsSince).toBe(Number.POSITIVE_INFINITY);
    expect(texts(text.take('rules'))).toEqual(['sk-proj-abcdef for it. ']);
  });

  test('ends where it is said to end', () => {
    const text = new WindowText({ rules: 0, model: 0 });
    text.add(delta('{"a":1}'), 1);
    expect(text.fresh('model')).toBe(0);
    text.closeWords();
    expect(texts(text.take('model'))).toEqual(['{"a":1}']);
  });

  test('is read as it comes when it is longer than any secret', () => {
    const text = new WindowText({ rules: 0, model: 0 });
    for (let unit = 1; unit <= 10; unit++) text.add(delta('x'.repeat(1_000)), unit);
    expect(text.fresh('rules')).toBeGreaterThan(4_000);
  });

  test('is not read at the end of a long piece either', () => {
    const text = new WindowText({ rules: 0, model: 0 });
    text.add(delta(`${'word '.repeat(2_000)}sk-pr`), 1);
    expect(text.fresh('rules')).toBe(10_000);
  });

  test('of a language without blanks does not grow', () => {
    const text = new WindowText({ rules: 0, model: 0 });
    text.add(delta('川には橋があり'), 1);
    expect(text.fresh('rules')).toBe(7);
  });

  test('may be a PEM block, which is read whole', () => {
    const text = new WindowText({ rules: 0, model: 0 });
    const block = ['-----BEGIN', 'PRIVATE', 'KEY-----\nMIIE\nabcd\n-----END', 'PRIVATE', 'KEY-----\n'];
    text.add(delta('Here '), 1);
    for (const [index, piece] of block.entries()) {
      text.add(delta(`${piece} `), index + 2);
      if (index === 1) expect([text.growsSince, text.fresh('rules')]).toEqual([2, 'Here '.length]);
    }
    expect(text.growsSince).toBe(Number.POSITIVE_INFINITY);
    expect(texts(text.take('rules'))).toEqual([`Here ${block.join(' ')} `]);
  });

  test('in one place holds nothing of another', () => {
    const text = new WindowText({ rules: 0, model: 0 });
    text.add(delta('grow', 'a'), 1);
    text.add(delta('done. ', 'b'), 2);
    expect(texts(text.take('rules'))).toEqual(['done. ']);
    expect(text.growsSince).toBe(1);
  });
});

test('the overlap begins with a whole word', () => {
  // It would begin within `gamma`.
  const text = new WindowText({ rules: 3, model: 0 });
  text.add(delta('alpha beta gamma '), 1);
  text.take('rules');
  text.add(delta('delta '), 2);
  expect(texts(text.take('rules'))).toEqual(['gamma delta ']);
});

test('rules and model read at their own pace', () => {
  const text = new WindowText({ rules: 0, model: 0 });
  text.add(delta('one '), 1);
  expect(texts(text.take('rules'))).toEqual(['one ']);
  text.add(delta('two '), 2);
  expect([text.fresh('rules'), text.fresh('model')]).toEqual([4, 8]);
  expect(texts(text.take('model'))).toEqual(['one two ']);
});

test('more places than any format has are refused', () => {
  const text = new WindowText({ rules: 0, model: 0 });
  for (let i = 0; i < 10_000; i++) expect(text.add(delta('a ', `p${i}`), i + 1)).toBe(true);
  expect(text.add(delta('a ', 'one more'), 10_001)).toBe(false);
});

test('whatever comes, the model reads all of it once, in order', () => {
  const piece = fc.string({ unit: fc.constantFrom('a', ' ', '-', 'ü', '\n'), maxLength: 40 });
  fc.assert(
    fc.property(fc.array(fc.tuple(piece, fc.boolean())), (all) => {
      const text = new WindowText({ rules: 20, model: 0 });
      let read = '';
      for (const [index, [said, take]] of all.entries()) {
        if (said !== '') text.add(delta(said), index + 1);
        if (take) read += texts(text.take('model')).join('');
      }
      text.closeWords();
      read += texts(text.take('model')).join('');
      expect(read).toBe(all.map(([said]) => said).join(''));
    }),
  );
});
