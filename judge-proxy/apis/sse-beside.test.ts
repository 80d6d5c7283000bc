/**
 * Contract: all text of an event stream that is neither data nor the name of an event is content once, but for ids,
 * retry times and a few short comments, as servers send them to keep a connection busy.
 */

import { expect, test } from 'vitest';
import { SseBeside } from './sse-beside.ts';

const LONG = 'words that are longer than what keeps a connection busy';

test.each([
  ['events alone', 'event: message\ndata: {"a":1}\n\n', null],
  ['several data lines', 'data: 1\ndata:2\ndata\n\n', null],
  ['a short comment', ': OPENROUTER PROCESSING\n\n', null],
  ['an empty comment', ':\n\n', null],
  ['ids and times', 'id: 3f9a1c7e-5b2d-8046-3f9a-1c7e5b2d8046\nretry: 3000\ndata: 1\n\n', null],
  ['a comment', `: ${LONG}\n\n`, `${LONG}\n`],
  ['a field that nobody knows', `note: ${LONG}\ndata: 1\n\n`, `note: ${LONG}\n`],
  ['a line that is no field', `${LONG}\n\n`, `${LONG}\n`],
  ['an id that is a text', `id: ${LONG} and longer than ids are\n\n`, `${LONG} and longer than ids are\n`],
  ['a name that is a text', `event: ${LONG} and longer than names are\n\n`, ` ${LONG} and longer than names are\n`],
  ['a time that is a text', `retry: ${LONG}\n\n`, `retry: ${LONG}\n`],
  ['several lines', `: ${LONG}\ndata: 1\n: and ${LONG}\n\n`, `${LONG}\nand ${LONG}\n`],
])('%s', (_name, text, beside) => {
  expect(new SseBeside().read(text)).toBe(beside);
});

test('says nothing new twice', () => {
  const beside = new SseBeside();
  expect(beside.read(`: ${LONG}\n\n`)).toBe(`${LONG}\n`);
  expect(beside.read(`: ${LONG}\n\n`)).toBe(null);
});

test('a text in many short comments is content', () => {
  const beside = new SseBeside();
  const pieces = ['sk-pr', 'oj-Zq', '8Fj2k', 'LmNp3', 'QrStU'];
  const read = pieces.map((piece) => beside.read(`: ${piece}\n\n`) ?? '').join('');
  expect(read).toBe('LmNp3\nQrStU\n');
});

test('millions of lines are one text', () => {
  const text = 'x\ny\n'.repeat(100_000);
  expect(new SseBeside().read(text)).toBe(`${text}\n`);
});
