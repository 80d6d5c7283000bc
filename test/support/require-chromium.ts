import process from 'node:process';
import { expect, test } from 'vitest';
import { hasChromium } from './browser.ts';

/** To be called once in each file of tests: REQUIRE=console makes the absence of Chromium a failure. */
export function requireChromium(): void {
  const isRequired = (process.env.REQUIRE ?? '').split(',').includes('console');
  test.runIf(isRequired)('REQUIRE=console: there is a Chromium', () => {
    expect(hasChromium, 'apt-get install chromium, or name it in CHROMIUM').toBe(true);
  });
}
