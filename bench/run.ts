/**
 * `npm run bench`: what the proxy costs, beside the origin directly and beside peers, in one run.
 * Arms are interleaved in random order each round, with the direct line twice (A/A): the spread between the two is the
 * noise. CPU a request comes first, because times move with the machine and CPU hardly does.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { makeOriginCa, makeOriginCertificate } from '../test/support/certificates.ts';
import { LoggedProcess } from '../test/support/process.ts';
import type { Arm, ArmSetup } from './arm.ts';
import { directArm } from './arms/direct.ts';
import { httpMitmProxyArm } from './arms/http-mitm-proxy.ts';
import { judgeProxyArm } from './arms/judge-proxy.ts';
import { CASES, type Case, type CaseResult, type CaseSize } from './cases.ts';
import { measureReads, renderReads } from './ledger-read.ts';
import { measureModes, renderModes } from './modes.ts';
import { renderReport } from './report.ts';
import { measureRules, renderRules } from './rules-cost.ts';
import { shuffled } from './statistics.ts';

const HELP = `npm run bench [-- --quick] [-- --case NAME] [-- --rounds N] [-- --out FILE]

  --quick       2 short rounds: shows that everything works; figures are rough
  --rounds N    rounds (5)
  --case NAME   only this case: ${[...CASES.map((one) => one.name), 'modes', 'rules', 'reads'].join(', ')}
  --exchanges N of the ledger that reads are measured on (1,000,000; with --quick 20,000); it is kept in .cache/bench
  --anew        make its index anew, and time it
  --out FILE    also write the figures as JSON
  --json        print the figures as JSON

Linux only: CPU time is read from /proc.
`;

export interface Sample {
  readonly arm: string;
  readonly case: string;
  readonly round: number;
  readonly result: CaseResult;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean' },
      rounds: { type: 'string' },
      exchanges: { type: 'string' },
      anew: { type: 'boolean' },
      case: { type: 'string' },
      out: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (process.platform !== 'linux') {
    process.stderr.write('The bench reads CPU time from /proc: it needs Linux.\n');
    return 1;
  }
  const wanted = (name: string) => values.case === undefined || values.case === name;
  const cases = CASES.filter(({ name }) => wanted(name));
  const rounds = values.quick ? 2 : Number(values.rounds ?? 5);
  const known = cases.length > 0 || wanted('modes') || wanted('rules') || wanted('reads');
  if (!known || !Number.isInteger(rounds) || rounds < 1) {
    process.stderr.write(HELP);
    return 2;
  }
  const size: CaseSize = values.quick ? { requests: 400, connections: 8 } : { requests: 2_000, connections: 8 };
  const { samples, arms } = cases.length === 0 ? { samples: [], arms: [] } : await measure(cases, rounds, size);
  const modes = wanted('modes') ? await measureModes(values.quick ? 1 : rounds, progress) : [];
  const rules = wanted('rules') ? measureRules(values.quick ? 5 : 30) : [];
  const exchanges = Number(values.exchanges ?? (values.quick ? 20_000 : 1_000_000));
  const reads = wanted('reads') ? await measureReads(exchanges, rounds, values.anew === true, progress) : null;
  const figures = { node: process.version, cores: cpus().length, rounds, size, arms, samples, modes, rules, reads };
  if (values.out !== undefined) await writeFile(resolve(values.out), `${JSON.stringify(figures, null, 1)}\n`);
  const report = [
    cases.length === 0 ? '' : renderReport(cases, samples, figures),
    modes.length === 0 ? '' : renderModes(modes),
    rules.length === 0 ? '' : renderRules(rules),
    reads === null ? '' : renderReads(reads),
  ].join('');
  process.stdout.write(values.json ? `${JSON.stringify(figures)}\n` : report);
  return 0;
}

async function measure(
  cases: readonly Case[],
  rounds: number,
  size: CaseSize,
): Promise<{ samples: Sample[]; arms: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'judge-bench-'));
  const host = 'api.openai.com';
  const originCa = await makeOriginCa(join(folder, 'origin'));
  const certificate = await makeOriginCertificate(originCa, join(folder, 'origin'), 'bench', [`DNS:${host}`]);
  const origin = new LoggedProcess([join(import.meta.dirname, 'origin-process.ts')], {
    ORIGIN_CERT: certificate.certFile,
    ORIGIN_KEY: certificate.keyFile,
  });
  const setup: ArmSetup = { folder, host, originCa, originPort: Number((await origin.event('listening')).port) };
  const arms: Arm[] = [];
  try {
    for (const start of STARTERS) {
      arms.push(await start(setup));
      progress(`started ${arms.at(-1)?.name}`);
    }
    return { samples: await interleave(cases, arms, rounds, size), arms: arms.map((arm) => arm.name) };
  } finally {
    for (const arm of arms) await arm.close();
    origin.kill('SIGKILL');
    await origin.exited;
    await rm(folder, { recursive: true, force: true });
  }
}

const STARTERS: readonly ((setup: ArmSetup) => Promise<Arm>)[] = [
  (setup) => directArm(setup),
  (setup) => directArm(setup, 'direct (A/A)'),
  (setup) => judgeProxyArm(setup, { name: 'tunnel, Envoy h2', action: 'tunnel', hop: 'h2' }),
  (setup) => judgeProxyArm(setup, { name: 'terminate, Envoy h2', action: 'terminate', hop: 'h2' }),
  (setup) => judgeProxyArm(setup, { name: 'terminate, Envoy h1', action: 'terminate', hop: 'h1' }),
  (setup) => judgeProxyArm(setup, { name: 'terminate, no Envoy', action: 'terminate', hop: 'plain' }),
  (setup) => httpMitmProxyArm(setup),
];

async function interleave(
  cases: readonly Case[],
  arms: readonly Arm[],
  rounds: number,
  size: CaseSize,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const one of cases) {
    // A round that is thrown away warms every arm: the compiler, the pools, the page cache.
    for (let round = 0; round <= rounds; round += 1) {
      for (const arm of shuffled(arms, Math.random)) {
        const before = await arm.recorded();
        const result = await one.run(arm, size).catch((error: unknown) => {
          throw new Error(`${one.name} through ${arm.name} failed`, { cause: error });
        });
        const after = await arm.recorded();
        if (before !== null && after !== null && after - before < result.sent) {
          throw new Error(`${arm.name} recorded ${after - before} of ${result.sent} exchanges.`);
        }
        if (round > 0) samples.push({ arm: arm.name, case: one.name, round, result });
        progress(`${one.name} · round ${round} of ${rounds} · ${arm.name}`);
      }
    }
  }
  return samples;
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else process.stderr.write(`${text}\n`);
}

process.exitCode = await main();
