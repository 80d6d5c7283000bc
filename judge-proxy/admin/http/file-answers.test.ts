/** Contract: a download ends with the right to it, however slowly it is read, and when nothing of it is taken for long. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test, vi } from 'vitest';
import { AdminRig } from '../testing/admin-rig.ts';

test('a download ends when its reader is locked', async () => {
  const locked = Promise.withResolvers<void>();
  async function* body() {
    yield 'first';
    await locked.promise;
    yield 'second';
  }
  await using rig = await AdminRig.start({
    handlers: { export: async () => ({ type: 'text/csv', name: 'x.csv', body: body() }) },
  });
  const admin = await rig.administrator();
  const chief = await rig.user('chief', 'admin');
  const { token } = await rig.tokenOf('chief', 'admin', ['exports:read']);
  const ways: Record<string, string>[] = [{ cookie: chief.cookie }, { authorization: `Bearer ${token}` }];
  const readers = await Promise.all(
    ways.map(async (headers) => {
      const response = await fetch(`${rig.base}/api/export?format=csv`, { headers });
      const reader = response.body?.getReader();
      expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('first');
      return reader;
    }),
  );
  expect((await admin.call('PATCH', '/api/users/chief', { disabled: true })).status).toBe(200);
  locked.resolve();
  for (const reader of readers) await expect(reader?.read()).rejects.toThrow();
});

test('a download ends when its reader takes nothing, and its body with it', async () => {
  let ended = false;
  async function* body() {
    try {
      for (;;) yield Buffer.alloc(65_536);
    } finally {
      ended = true;
    }
  }
  await using rig = await AdminRig.start({
    handlers: { export: async () => ({ type: 'text/csv', name: 'x.csv', body: body() }) },
  });
  const { cookie } = await rig.administrator();
  const { host, hostname, port } = new URL(rig.base);
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const socket = connect(Number(port), hostname).on('error', () => undefined);
  try {
    socket.write(`GET /api/export?format=csv HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\n\r\n`);
    await once(socket, 'readable'); // and nothing is read
    while (!ended) {
      vi.advanceTimersByTime(15_000);
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
    socket.resume();
    await once(socket, 'close');
  } finally {
    vi.useRealTimers();
    socket.destroy();
  }
});
