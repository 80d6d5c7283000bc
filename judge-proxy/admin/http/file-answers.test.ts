/** Contract: a download ends with the right to it, however slowly it is read. */

import { expect, test } from 'vitest';
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
