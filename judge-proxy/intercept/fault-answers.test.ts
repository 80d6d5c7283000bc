/**
 * Contract: input that is no request is answered once and recorded once, however much of it comes: Node goes on parsing
 * behind the first fault, and fails again and again, while what was sent is read and dropped.
 */

import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { HOST, Rig } from './testing/rig.ts';

let rig: Rig;
afterEach(async () => {
  await rig.close();
});

test.each([
  ['a header that is too long', `GET / HTTP/1.1\r\nHost: ${HOST}\r\nX: ${'x'.repeat(900_000)}\r\n\r\n`, 431],
  ['no HTTP', `garbage\r\n${'x'.repeat(900_000)}`, 400],
])('%s is answered once, however much comes behind it', async (_what, text, status) => {
  rig = await Rig.start();
  const socket = await rig.secure();
  await new Promise<void>((written) => socket.write(text, () => written()));
  let answer = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    answer += chunk;
  });
  await once(socket, 'close');
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(answer.split('HTTP/1.1 ')).toHaveLength(2);
  expect(rig.ledger.connections).toHaveLength(1);
});
