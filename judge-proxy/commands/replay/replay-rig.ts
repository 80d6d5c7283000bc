/** What the tests of the replay command share: a ledger with judged exchanges, a judge model beside it, and a run. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import canonicalize from 'canonicalize';
import { stringify } from 'yaml';
import { judgeModelHandler } from '../../../test/support/judge-model.ts';
import { Origin, type OriginHandler } from '../../../test/support/origin.ts';
import type { JudgeInput } from '../../judge/input.ts';
import { INPUT } from '../../judge/testing/judgements.ts';
import type { Content, Ledger } from '../../ledger/ledger.ts';
import type { ExchangeCompleted, ExchangeOpened, NewVerdict } from '../../ledger/records.ts';
import { KeptLog, sampleCompleted, sampleContent, sampleOpened, sampleVerdict } from '../../ledger/sample-records.ts';
import { openLedger } from '../../ledger/sqlite.ts';
import type { ReplayLine } from '../../replays/line.ts';
import { systemClock } from '../../telemetry/clock.ts';
import { replay } from '../replay.ts';
import { Terminal } from '../review/review-rig.ts';
import type { ReplayReport } from './report.ts';

/** The judge model of the tests takes this for a leak. */
export const LEAK = 'STRICTLY CONFIDENTIAL plan';

/** One exchange of the ledger. */
export interface Recorded {
  readonly text?: string;
  readonly opened?: Partial<ExchangeOpened>;
  readonly completed?: Partial<ExchangeCompleted>;
  /** null: no verdict. */
  readonly verdict?: Partial<NewVerdict> | null;
}

export class ReplayRig {
  readonly folder: string;
  readonly model: Origin;
  readonly ledger: Ledger;
  /** Answers of the model. */
  handler: OriginHandler = judgeModelHandler();
  #outs = 0;

  private constructor(folder: string, model: Origin, ledger: Ledger) {
    this.folder = folder;
    this.model = model;
    this.ledger = ledger;
  }

  static async start(): Promise<ReplayRig> {
    const folder = mkdtempSync(join(tmpdir(), 'replay-'));
    const url = `sqlite:${join(folder, 'ledger.db')}`;
    const ledger = await openLedger({ url, durability: 'process', clock: systemClock, log: new KeptLog() });
    const model = await Origin.start({ handler: (seen, out, origin) => rig.handler(seen, out, origin) });
    const rig = new ReplayRig(folder, model, ledger);
    writeFileSync(join(folder, 'rubric.yaml'), RUBRIC);
    rig.configure();
    return rig;
  }

  get configFile(): string {
    return join(this.folder, 'config.yaml');
  }

  get database(): string {
    return join(this.folder, 'ledger.db');
  }

  newOut(): string {
    return join(this.folder, `out-${++this.#outs}.jsonl`);
  }

  /** Writes the configuration; a price of 1 USD a million tokens in and 2 out unless told otherwise. */
  configure({ judge = {}, ...over }: { readonly judge?: object; readonly [section: string]: unknown } = {}): void {
    const model = { ...MODEL, base_url: `http://127.0.0.1:${this.model.port}/v1` };
    const config = {
      routes: [{ name: 'openai', hosts: ['api.openai.com'], action: 'terminate', judge: 'default' }],
      judges: { default: { rubric: join(this.folder, 'rubric.yaml'), model, ...judge } },
      ledger: { url: `sqlite:${this.database}` },
      prices: { 'pattern-judge': { input: 1, output: 2 } },
      ...over,
    };
    writeFileSync(this.configFile, stringify(config));
  }

  /** Records an exchange with what was judged of it, and its verdict. */
  async record(id: string, { text = `Hello from ${id}.`, opened, completed, verdict = {} }: Recorded = {}) {
    const content = contentOf(text);
    const record = sampleCompleted(id, { content_sha256: content.sha256, ...completed });
    await this.ledger.open(sampleOpened(id, opened));
    const kept = record.content_sha256 === null ? null : content;
    if (verdict === null) return this.ledger.complete(record, kept, null);
    const { client = 'team-a', route = 'openai', mode = 'observe' } = opened ?? {};
    const known = { client, route, mode, input_sha256: record.content_sha256 };
    await this.ledger.completeJudged(record, kept, sampleVerdict(id, { ...known, ...verdict }));
  }

  /** Runs the command to its end, in this process. */
  async run(args: readonly string[], { signal = new AbortController().signal, stdin }: RunOver = {}): Promise<Ran> {
    const [stdout, stderr] = [new Terminal(), new Terminal()];
    const out = this.newOut();
    const given = args.includes('--out') ? args : [...args, '--out', out];
    const to = given[given.indexOf('--out') + 1] ?? out;
    const io = { stdout, stderr, env: {}, signal, ...(stdin === undefined ? {} : { stdin }) };
    const code = await replay(['--judge', 'default', '--config', this.configFile, ...given], io);
    return { code, stdout: await stdout.text(), stderr: await stderr.text(), out: to };
  }

  /** The same with `--yes --json`. */
  async replay(
    ...args: readonly string[]
  ): Promise<Ran & { readonly report: ReplayReport; readonly lines: ReplayLine[] }> {
    const ran = await this.run(['--yes', '--json', ...args]);
    if (!ran.stdout.startsWith('{')) throw new Error(`no report: ${ran.stderr}`);
    return { ...ran, report: JSON.parse(ran.stdout) as ReplayReport, lines: linesOf(ran.out) };
  }

  async close(): Promise<void> {
    await this.ledger.close();
    await this.model.close();
    rmSync(this.folder, { recursive: true });
  }
}

interface RunOver {
  readonly signal?: AbortSignal;
  readonly stdin?: NodeJS.ReadableStream & { isTTY?: boolean };
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly out: string;
}

export function linesOf(file: string): ReplayLine[] {
  const text = readFileSync(file, 'utf8');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as ReplayLine);
}

export function contentOf(text: string): Content {
  const [first, ...rest] = INPUT.transcript.parts;
  const parts = first === undefined ? [] : [{ ...first, text }, ...rest];
  const input: JudgeInput = { ...INPUT, transcript: { ...INPUT.transcript, parts } };
  return sampleContent(JSON.parse(canonicalize(input) ?? ''));
}

const MODEL = {
  ...{ api_key: 'test-key', name: 'pattern-judge', timeout: '60s' },
  allow_addresses: ['127.0.0.0/8'],
};

const RUBRIC = `
name: small
version: 1
criteria:
  - id: leak
    question: Does something leak?
    definition: Confidential text leaves.
    violating: [a secret plan is pasted]
    allowed: [public text]
    scale: ordinal
    threshold: 2
    weight: 0.5
    severity: critical
`;
