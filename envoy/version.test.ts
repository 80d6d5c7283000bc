import { expect, test } from 'vitest';
import { isRecent, OLDEST_VERSION, otherWays, PINNED_VERSION, readVersion } from './version.ts';

test.each([
  ['\nenvoy  version: 9e5580933739775e8bce696a57a2e1bc99368f23/1.40.0/Clean/RELEASE/BoringSSL\n', '1.40.0'],
  ['envoy  version: 0/1.41.0-dev/Modified/DEBUG/BoringSSL-FIPS', '1.41.0'],
  ['envoy 1.40.0', null],
  ['', null],
])('%j has version %s', (output, version) => {
  expect(readVersion(output)).toBe(version);
});

test.each([
  ['1.39.3', true],
  ['1.40.0', true],
  ['2.0.0', true],
  ['1.39.2', false],
  ['1.9.9', false],
  ['0.99.99', false],
])('%s is recent enough: %s', (version, recent) => {
  expect(isRecent(version, '1.39.3')).toBe(recent);
});

test('what is pinned is recent enough', () => {
  expect(isRecent(PINNED_VERSION)).toBe(true);
});

test('the other ways name both, and docker compose', () => {
  expect(otherWays()).toMatch(/ENVOY_BIN/);
  expect(otherWays()).toMatch(/PATH/);
  expect(otherWays()).toMatch(/docker compose up/);
  expect(otherWays()).toContain(OLDEST_VERSION);
});
