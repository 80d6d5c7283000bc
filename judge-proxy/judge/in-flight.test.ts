/** Contract: who asks what is being asked already waits for it, not too many at one time, and no longer than told. */

import { describe, expect, it } from 'vitest';
import { InFlight } from './in-flight.ts';

const NEVER = new AbortController().signal;

function leading(inFlight: InFlight, key = 'k') {
  const work = Promise.withResolvers<string>();
  return { ...work, led: inFlight.lead(key, () => work.promise) };
}

describe('joining', () => {
  it('waits until the first has its answer, or fails', async () => {
    const inFlight = new InFlight(10);
    const good = leading(inFlight);
    const wait = inFlight.join('k', NEVER, null);
    good.resolve('answer');
    expect(await wait).toBe('settled');
    expect(await good.led).toBe('answer');
    const bad = leading(inFlight);
    const other = inFlight.join('k', NEVER, null);
    bad.reject(new Error('no'));
    expect(await other).toBe('settled');
    await expect(bad.led).rejects.toThrow('no');
  });

  it('is for nobody where nobody asks, nor for another key, nor afterwards', async () => {
    const inFlight = new InFlight(10);
    expect(inFlight.join('k', NEVER, null)).toBeNull();
    const first = leading(inFlight);
    expect(inFlight.join('other', NEVER, null)).toBeNull();
    first.resolve('answer');
    await first.led;
    expect(inFlight.join('k', NEVER, null)).toBeNull();
  });

  it('has a bound, and who has left makes room', async () => {
    const inFlight = new InFlight(2);
    const first = leading(inFlight);
    const gone = new AbortController();
    const wait = inFlight.join('k', gone.signal, null);
    expect(inFlight.join('k', NEVER, null)).not.toBeNull();
    expect(inFlight.join('k', NEVER, null)).toBeNull();
    gone.abort();
    expect(await wait).toBe('aborted');
    expect(inFlight.join('k', NEVER, null)).not.toBeNull();
    first.resolve('answer');
  });

  it('ends with its time', async () => {
    const inFlight = new InFlight(1);
    const first = leading(inFlight);
    expect(await inFlight.join('k', NEVER, 0)).toBe('timeout');
    first.resolve('answer');
  });
});

it('a second that leads stands beside the first, whom others wait for', async () => {
  const inFlight = new InFlight(1);
  const first = leading(inFlight);
  const second = leading(inFlight);
  second.resolve('mine');
  expect(await second.led).toBe('mine');
  const wait = inFlight.join('k', NEVER, null);
  first.resolve('answer');
  expect(await wait).toBe('settled');
});
