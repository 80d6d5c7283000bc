import process from 'node:process';
import { expect, test, vi } from 'vitest';
import { hasChromium } from './browser.ts';

/** Longer than a page waits for one thing (browser.ts), so that a test that hangs says for what. */
const TEST_MS = 120_000;

/**
 * To be called once in each file of tests, before its tests: REQUIRE=console makes the absence of Chromium a failure. On a
 * machine that does much else a browser takes many times as long as on an idle one: the limits are those of a hang.
 */
export function requireChromium(): void {
  vi.setConfig({ testTimeout: TEST_MS, hookTimeout: TEST_MS });
  const isRequired = (process.env.REQUIRE ?? '').split(',').includes('console');
  test.runIf(isRequired)('REQUIRE=console: there is a Chromium', () => {
    expect(hasChromium, 'apt-get install chromium, or name it in CHROMIUM').toBe(true);
  });
}
