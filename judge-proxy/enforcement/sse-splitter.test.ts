import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSse, type SseEvent } from '../apis/sse.ts';
import { SseSplitter } from './sse-splitter.ts';

/** Units of a text that comes in chunks of these lengths, and what is left at its end. */
function split(text: string | Buffer, lengths: readonly number[] = []) {
  const bytes = Buffer.from(text);
  const splitter = new SseSplitter();
  const units = [];
  let at = 0;
  for (const length of [...lengths, bytes.length]) {
    units.push(...splitter.push(bytes.subarray(at, at + length)));
    at = Math.min(bytes.length, at + length);
  }
  const rest = splitter.end();
  return rest === null ? units : [...units, rest];
}

const told = (units: readonly { event: SseEvent | null }[]) => units.flatMap(({ event }) => event ?? []);
const bytesOf = (units: readonly { bytes: Uint8Array }[]) => Buffer.concat(units.map(({ bytes }) => bytes));

describe('events of a stream', () => {
  test.each([
    ['LF', 'event: a\ndata: 1\n\ndata: 2\n\n', ['1', '2']],
    ['CRLF', 'data: 1\r\n\r\ndata: 2\r\n\r\n', ['1', '2']],
    ['CR', 'data: 1\r\rdata: 2\r\r', ['1', '2']],
    ['mixed line ends', 'data: 1\r\n\ndata: 2\n\r\ndata: 3\r\n\r', ['1', '2', '3']],
    ['a byte order mark', '\ufeffdata: 1\n\n', ['1']],
    ['several data lines', 'data: 1\ndata: 2\n\n', ['1\n2']],
    ['comments and unknown fields', ': hello\n\nfoo: bar\ndata: 1\nretry: 3\n\n', ['1']],
    ['no blank behind the colon', 'data:1\n\n', ['1']],
    ['blank lines only', '\n\n\n', []],
  ])('%s', (_name, text, data) => {
    expect(told(split(text)).map((event) => event.data)).toEqual(data);
  });

  test('one unit for each event, cut behind its blank line', () => {
    const units = split('data: 1\n\n: c\n\ndata: 2\r\n\r\nrest');
    expect(units.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual([
      'data: 1\n\n',
      ': c\n\n',
      'data: 2\r\n\r\n',
      'rest',
    ]);
  });

  test('what no blank line ended is told as not whole', () => {
    expect(told(split('data: 1'))).toEqual([{ event: null, data: '1', whole: false }]);
  });

  test('a character that is split over chunks arrives', () => {
    expect(told(split('data: 😀ü\n\n', [7, 1, 1, 1, 1]))[0]?.data).toBe('😀ü');
  });

  test('tells how much of an event is open', () => {
    const splitter = new SseSplitter();
    splitter.push(Buffer.from('data: 1\n\ndata'));
    expect(splitter.open).toBe(4);
    splitter.push(Buffer.from(': 2\n\n'));
    expect(splitter.open).toBe(0);
  });
});

describe('for every stream in every chunking', () => {
  const line = fc.oneof(
    fc.constantFrom('', ':', 'data', 'data:', 'event: x', 'id: 1', 'data: [DONE]', '\ufeff'),
    fc.string({ unit: 'grapheme' }).map((text) => `data: ${text.replace(/[\r\n]/g, '')}`),
  );
  const stream = fc
    .array(fc.tuple(line, fc.constantFrom('\n', '\r', '\r\n', '\n\n', '\r\n\r\n', '\r\r')))
    .map((lines) => lines.map(([text, end]) => text + end).join(''));
  const lengths = fc.array(fc.nat({ max: 9 }), { maxLength: 60 });

  test('its bytes pass unchanged and in order', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), stream, lengths, (noise, text, cuts) => {
        const bytes = Buffer.concat([Buffer.from(text), noise]);
        expect(bytesOf(split(bytes, cuts))).toEqual(bytes);
      }),
    );
  });

  test('the chunking changes nothing, and the events are those of the whole', () => {
    fc.assert(
      fc.property(stream, lengths, (text, cuts) => {
        expect(told(split(text, cuts)).filter(({ whole }) => whole)).toEqual(
          parseSse(text).filter(({ whole }) => whole),
        );
      }),
    );
  });
});
