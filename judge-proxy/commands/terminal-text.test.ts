import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { manyLines, oneLine, preview, wrap } from './terminal-text.ts';

/** What a terminal or a reader could be misled by. */
const HARMFUL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '\u001b[31m',
      '\u001b]0;title\u0007',
      '\u009b',
      '\r\n',
      '\n',
      '\t',
      '\0',
      '\u202e',
      '\u2066',
      '\u200b',
      '漢',
    ),
    fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    fc.constantFrom('\u{e0041}', '\u{1f600}', '\u{e0100}'),
  ),
});

describe('text from traffic', () => {
  it.each([
    ['plain text, ünïcödé, 漢字 and 🙂', 'plain text, ünïcödé, 漢字 and 🙂'],
    ['\u001b[2J\u001b]0;pwned\u0007', '␛[2J␛]0;pwned␇'],
    ['a\rb\u0008c\u007f', 'a␍b␈c␡'],
    ['\u009b31m', '<U+009B>31m'],
    ['safe\u202etxt.exe', 'safe<U+202E>txt.exe'],
    ['zero\u200bwidth\ufeff', 'zero<U+200B>width<U+FEFF>'],
    ['tag \u{e0041}', 'tag <U+E0041>'],
    ['selector \u{e0100}', 'selector <U+E0100>'],
    ['half \ud800', 'half <U+D800>'],
    ['two\nlines\r\nand\ta tab', 'two ⏎ lines ⏎ and a tab'],
    ['separators \u2028\u2029', 'separators <U+2028><U+2029>'],
  ])('%j is shown as %s', (text, shown) => {
    expect(oneLine(text)).toBe(shown);
  });

  it('has no control, bidi or invisible character left on one line', () => {
    fc.assert(fc.property(hostile, (text) => !HARMFUL.test(oneLine(text))));
  });

  it('keeps its lines, and nothing else, where lines are shown', () => {
    expect(manyLines('a\tb\r\nc\u001b\n\rd')).toBe('a    b\nc␛\n␍d');
    fc.assert(fc.property(hostile, (text) => !HARMFUL.test(manyLines(text).replaceAll('\n', ''))));
  });

  it('is cut between characters, visibly', () => {
    expect(preview('🙂🙂🙂', 3)).toBe('🙂🙂🙂');
    expect(preview('🙂🙂🙂🙂', 3)).toBe('🙂🙂…');
    expect(preview('x'.repeat(1_000_000), 5)).toBe('xxxx…');
    fc.assert(
      fc.property(
        hostile,
        fc.integer({ min: 1, max: 20 }),
        (text, length) => [...preview(text, length)].length <= length,
      ),
    );
  });
});

describe('wrapping', () => {
  it.each([
    ['', 5, ['']],
    ['short', 5, ['short']],
    ['one two three', 9, ['one two', 'three']],
    ['a loooooooong', 6, ['a looo', 'ooooon', 'g']],
    ['漢字漢字', 5, ['漢字', '漢字']],
    ['漢', 1, ['漢']],
  ])('%j at %i', (text, width, lines) => {
    expect(wrap(text, width)).toEqual(lines);
  });

  it('loses nothing but the space at which it breaks', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', ' ', '漢') }),
        fc.integer({ min: 2, max: 9 }),
        (text, width) => {
          const lines = wrap(text, width);
          expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
          for (const line of lines) expect(line.replaceAll('漢', 'xx').length).toBeLessThanOrEqual(width);
        },
      ),
    );
  });
});
