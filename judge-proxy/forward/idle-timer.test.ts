/** Contract: silence is time in which we could have heard something; a process that stood still has heard nothing either. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { IdleTimer } from './idle-timer.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function timer(): { idle: IdleTimer; silent: ReturnType<typeof vi.fn> } {
  const silent = vi.fn();
  return { idle: new IdleTimer(1_000, silent), silent };
}

test('falls silent once, not before its time, at most a quarter later', () => {
  const { idle, silent } = timer();
  idle.start();
  vi.advanceTimersByTime(999);
  expect(silent).not.toHaveBeenCalled();
  vi.advanceTimersByTime(251);
  expect(silent).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(10_000);
  expect(silent).toHaveBeenCalledTimes(1);
});

test.each([1, 130, 249, 250, 251, 600, 999])('a sign of life every %i ms keeps it from it', (pause) => {
  const { idle, silent } = timer();
  idle.start();
  for (let at = 0; at < 10_000; at += pause) {
    vi.advanceTimersByTime(pause);
    expect(silent).not.toHaveBeenCalled();
    idle.touch();
  }
  vi.advanceTimersByTime(999);
  expect(silent).not.toHaveBeenCalled();
  vi.advanceTimersByTime(251);
  expect(silent).toHaveBeenCalledTimes(1);
});

test('stopped it says nothing, and a touch does not start it', () => {
  const { idle, silent } = timer();
  idle.touch();
  idle.start();
  idle.stop();
  idle.touch();
  vi.advanceTimersByTime(10_000);
  expect(silent).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

test('started again it begins anew', () => {
  const { idle, silent } = timer();
  idle.start();
  vi.advanceTimersByTime(900);
  idle.start();
  vi.advanceTimersByTime(900);
  expect(silent).not.toHaveBeenCalled();
  vi.advanceTimersByTime(350);
  expect(silent).toHaveBeenCalledTimes(1);
  idle.start();
  vi.advanceTimersByTime(1_250);
  expect(silent).toHaveBeenCalledTimes(2);
});

test('a process that stood still for longer gives nobody up before it has read', async () => {
  vi.useRealTimers();
  const silent = vi.fn();
  const idle = new IdleTimer(40, silent);
  idle.start();
  const stalled = performance.now();
  while (performance.now() - stalled < 200);
  // One turn of the event loop: timers that are due, then what has come, then this.
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  expect(silent).not.toHaveBeenCalled();
  idle.stop();
});
