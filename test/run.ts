/**
 * `npm test [-- NAME …]`: everything that this machine can run, or the test files whose path contains NAME. Prepares the
 * Python clients, runs vitest, and ends with one plain line of counts.
 * `REQUIRE=containers,console` turns the absence of Docker, and of Chromium, from a skip into a failure.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { ensureConsole } from '../judge-proxy/console/build.ts';
import { preparePython } from './support/python.ts';

const ROOT = resolve(import.meta.dirname, '..');

const HELP = `npm test [-- NAME …] [--help]

Runs every test, or those whose file path contains NAME: unit and property tests beside the source,
test/chain through the real Envoy, test/containers where Docker answers, test/console where there is a Chromium.

  REQUIRE=containers,console   fail instead of skipping when Docker does not answer, or there is no Chromium

Exit code 0 when nothing failed.
`;

interface Counts {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numFailedTestSuites: number;
}

async function main(args: string[]): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(HELP);
    return 0;
  }
  await preparePython(process.stderr);
  await ensureConsole({ progress: (line) => process.stderr.write(`${line}\n`) });
  const folder = mkdtempSync(join(tmpdir(), 'judge-proxy-test-'));
  const report = join(folder, 'report.json');
  try {
    const status = await vitest([
      'run',
      ...args,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ]);
    const counts = readCounts(report);
    if (counts === null) {
      process.stdout.write('0 passed, 1 failed\n');
      return status === 0 ? 1 : status;
    }
    // A file that fails to load has no failed test of its own: it must count all the same.
    const failed = Math.max(counts.numFailedTests, status === 0 ? 0 : 1);
    const skipped = counts.numPendingTests === 0 ? '' : `, ${counts.numPendingTests} skipped`;
    process.stdout.write(`\n${counts.numPassedTests} passed, ${failed} failed${skipped}\n`);
    return status;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs vitest on the same Node that runs this file; resolves with its exit code. */
function vitest(args: string[]): Promise<number> {
  const child = spawn(process.execPath, [join(ROOT, 'node_modules/vitest/vitest.mjs'), ...args], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('exit', (code, signal) => done(code ?? (signal === null ? 1 : 130)));
  });
}

function readCounts(file: string): Counts | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Counts;
  } catch {
    return null;
  }
}

process.exitCode = await main(process.argv.slice(2));
