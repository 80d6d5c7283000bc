import { expect, test } from 'vitest';
import { startFailure } from './diagnose.ts';

const prefix = '[2026-01-01 00:00:00.000][1][critical][main] [source/server/server.cc:449] ';

test.each([
  [
    `${prefix}error \`cannot bind '127.0.0.1:8080': Address already in use\` initializing config 'x'`,
    'port_taken',
    /127\.0\.0\.1:8080/,
  ],
  [
    `${prefix}error \`cannot bind '10.1.2.3:8080': Cannot assign requested address\` initializing config 'x'`,
    'bad_config',
    /Cannot assign/,
  ],
  [
    `${prefix}error \`route: unknown cluster 'other'\` initializing config 'x'`,
    'bad_config',
    /unknown cluster 'other'/,
  ],
  [
    'envoy: error while loading shared libraries: libm.so.6: cannot open shared object file',
    'cannot_run',
    /libm\.so\.6/,
  ],
  ["envoy: /lib/libc.so.6: version `GLIBC_2.30' not found (required by envoy)", 'cannot_run', /GLIBC_2\.30/],
  ['Caught Segmentation fault', 'exited', /Segmentation fault/],
])('%s is %s', (output, code, message) => {
  const error = startFailure({ code: 1, signal: null, output });
  expect(error.code).toBe(code);
  expect(error.message).toMatch(message);
});

test('a configuration that Envoy quotes whole does not fill the terminal', () => {
  const error = startFailure({
    code: 1,
    signal: null,
    output: `${prefix}error \`${'x'.repeat(50_000)}\` initializing config 'y'`,
  });
  expect(error.message.length).toBeLessThan(600);
});

test('an end by a signal names the signal', () => {
  expect(startFailure({ code: null, signal: 'SIGKILL', output: '' }).message).toContain('SIGKILL');
});
