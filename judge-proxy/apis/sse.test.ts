/** Event streams are read as WHATWG HTML §9.2 says, whatever their line ends; the end without a blank line is told. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { looksLikeSse, parseSse } from './sse.ts';
import { anyText } from './testing/exchange.ts';

const whole = (data: string, event: string | null = null) => ({ event, data, whole: true });

describe('parseSse', () => {
  it.each([
    ['one event', 'data: a\n\n', [whole('a')]],
    ['no space after the colon, only one is taken', 'data:a\n\ndata:  b\n\n', [whole('a'), whole(' b')]],
    ['several data lines', 'data: a\ndata: b\n\n', [whole('a\nb')]],
    ['names, ids, retries and comments', ': hi\nevent: e\nid: 1\nretry: 5\ndata: a\n\n', [whole('a', 'e')]],
    ['an unknown field', 'dada: x\ndata: a\n\n', [whole('a')]],
    ['empty data', 'data\n\ndata:\n\n', [whole(''), whole('')]],
    ['events without data', 'event: ping\n\ndata: a\n\n', [whole('a')]],
    ['byte order mark', '\uFEFFdata: a\n\n', [whole('a')]],
    ['CR, CRLF and LF mixed', 'data: a\r\rdata: b\r\n\r\ndata: c\n\r\n', [whole('a'), whole('b'), whole('c')]],
    ['no blank line at the end', 'data: a\n\ndata: b\n', [whole('a'), { ...whole('b'), whole: false }]],
    ['no line end at the end', 'data: a\n\ndata: b', [whole('a'), { ...whole('b'), whole: false }]],
    ['a line separator that is none here', 'data: a\u2028b\u0085c\n\n', [whole('a\u2028b\u0085c')]],
    ['nothing', '', []],
  ])('%s', (_name, text, events) => {
    expect(parseSse(text)).toEqual(events);
  });

  it('does not care for the kind of line ends (property)', () => {
    const line = fc.string({ unit: fc.constantFrom('a', ':', ' ', 'ü'), maxLength: 8 });
    const field = fc
      .tuple(fc.constantFrom('data', 'event', 'id', '', 'x'), line)
      .map(([name, value]) => `${name}: ${value}`);
    fc.assert(
      fc.property(fc.array(fc.array(field, { maxLength: 4 }), { maxLength: 5 }), (blocks) => {
        const text = blocks.map((block) => `${block.join('\n')}\n\n`).join('');
        const expected = parseSse(text);
        expect(parseSse(text.replaceAll('\n', '\r\n'))).toEqual(expected);
        expect(parseSse(text.replaceAll('\n', '\r'))).toEqual(expected);
      }),
    );
  });

  it('never throws, and reads one event of megabytes', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        parseSse(text);
      }),
    );
    const huge = 'x'.repeat(4 << 20);
    expect(parseSse(`data: ${huge}\n\n`)[0]?.data).toHaveLength(huge.length);
    expect(parseSse('data: y\n'.repeat(200_000))[0]?.data).toHaveLength(399_999);
  });
});

describe('looksLikeSse', () => {
  it.each([
    ['data: x', 'application/json', true],
    ['\n: ping', null, true],
    ['event: x', null, true],
    ['whatever', 'text/event-stream; charset=utf-8', true],
    ['{"error":1}', 'text/event-stream', false],
    [' [1]', 'text/event-stream', false],
    ['hello', 'text/plain', false],
    ['dataset: x', null, false],
  ])('%s as %s: %s', (text, contentType, expected) => {
    expect(looksLikeSse(text, contentType)).toBe(expected);
  });
});
