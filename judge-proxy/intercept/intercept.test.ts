import { afterEach, expect, test } from 'vitest';
import { HOST, Rig, type RigOptions } from './testing/rig.ts';

let rig: Rig | undefined;
async function start(options: RigOptions = {}): Promise<Rig> {
  rig = await Rig.start(options);
  return rig;
}
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

for (const hop of ['h1', 'h2'] as const) {
  test(`answers a request inside a tunnel (${hop})`, async () => {
    const { request, ledger } = await start({ hop }).then((r) => ({
      request: () =>
        r.request({
          method: 'POST',
          path: '/v1/x?q=1',
          headers: ['Host', HOST, 'X-A', '1', 'Content-Length', '3'] as never,
          body: 'abc',
        }),
      ledger: r.ledger,
    }));
    const answer = await request();
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toBe('hello');
    expect(ledger.order).toEqual(['open', 'request', 'complete']);
  });
}
