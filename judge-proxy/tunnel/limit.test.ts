import { expect, it } from 'vitest';
import { TunnelLimit } from './limit.ts';

it('gives as many places as it has, and one given back counts once', () => {
  const limit = new TunnelLimit(2);
  const first = limit.acquire();
  const second = limit.acquire();
  expect(limit.acquire()).toBeUndefined();
  expect(limit.open).toBe(2);
  first?.();
  first?.();
  expect(limit.open).toBe(1);
  const third = limit.acquire();
  expect(third).toBeDefined();
  expect(limit.acquire()).toBeUndefined();
  second?.();
  third?.();
  expect(limit.open).toBe(0);
});

it('says when it is idle: at once, or when the last place is given back', async () => {
  const limit = new TunnelLimit(2);
  await limit.idle();
  const first = limit.acquire();
  const second = limit.acquire();
  let idle = false;
  const waiting = limit.idle().then(() => {
    idle = true;
  });
  first?.();
  await Promise.resolve();
  expect(idle).toBe(false);
  second?.();
  await waiting;
});
