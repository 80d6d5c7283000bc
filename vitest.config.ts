import { defineConfig } from 'vitest/config';

// Two cores on the machines that run this: files in parallel, a generous ceiling for
// a hang, and no retries: a flaky test is a race to find.
export default defineConfig({
  test: {
    include: ['{judge-proxy,certs-tool,envoy,test,bench}/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Of tests within a file that say they are concurrent: those wait for a judge that is silent, and use no processor.
    maxConcurrency: 12,
    retry: 0,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    restoreMocks: true,
  },
});
