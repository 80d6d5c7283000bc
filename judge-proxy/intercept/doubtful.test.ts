/**
 * Contract: behind a request whose end is in doubt nothing on the connection is a request. Node parses the whole read
 * at once and gives out what follows, before the refusal can close the connection.
 */

import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { HOST, Rig } from './testing/rig.ts';

let rig: Rig;
afterEach(async () => {
  await rig.close();
});

test.each(['gzip, chunked', 'identity, chunked'])('Transfer-Encoding: %s', async (coding) => {
  rig = await Rig.start({ raw: true });
  const client = await rig.peer();
  client.write(
    `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: ${coding}\r\n\r\n0\r\n\r\n` +
      `GET /smuggled HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
  );
  expect(await client.untilClosed()).toMatch(/^HTTP\/1\.1 400 .*x-judge-code: ambiguous_framing/s);
  while (rig.ends.length === 0) await once(rig.events, 'end');
  expect(rig.raw.peers).toEqual([]);
  expect(rig.ledger.order).not.toContain('open');
});
