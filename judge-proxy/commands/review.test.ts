/**
 * Contract of `npm run review`: list, show and tail tell what the ledger holds, to people and as JSON; what was not judged
 * stands out and never looks like a pass; nothing that traffic brought reaches the terminal as a control; wrong arguments
 * are exit code 2 with the help, a ledger or id that is not there is exit code 1 with a sentence.
 */

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JudgeInput } from '../judge/input.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ExchangeCompleted, NewVerdict } from '../ledger/records.ts';
import {
  KeptLog,
  sampleCompleted,
  sampleConnection,
  sampleContent,
  sampleOpened,
  sampleVerdict,
} from '../ledger/sample-records.ts';
import { openLedger } from '../ledger/sqlite.ts';
import { systemClock } from '../telemetry/clock.ts';
import { review } from './review.ts';

const HOSTILE = '\u001b]0;pwned\u0007\u202e';

let folder: string;
let url: string;
let ledger: Ledger;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'review-'));
  url = `sqlite:${join(folder, 'ledger.db')}`;
  ledger = await openLedger({ url, durability: 'process', clock: systemClock, log: new KeptLog() });
  await judged('exchange-clean', {});
  await judged('exchange-leak', {
    decided_by: 'rule',
    state: 'rules_only',
    action: 'would_block',
    coverage: { level: 'partial', reasons: ['model_not_configured'] },
    overall: { label: 'violation', severity: 'critical', score: 0.9 },
    latest_user_message: `My key ${HOSTILE}`,
    rule_hits: [
      {
        rule: 'secrets',
        version: '1',
        place: 'request.messages[0].content',
        preview: 'AWS key, 20',
        severity: 'critical',
      },
    ],
    criteria: [
      {
        id: 'secrets_leaving',
        score: 0.9,
        threshold: 0.5,
        label: 'violation',
        severity: 'high',
        evidence: [{ place: 'request.messages[0].content', quote: `key ${HOSTILE}` }],
        explanation: `It leaves ${HOSTILE}`,
      },
    ],
  });
  await judged('exchange-unread', {
    decided_by: 'fallback',
    state: 'unparseable',
    coverage: { level: 'none', reasons: ['unknown_api'] },
    overall: { label: 'undetermined', severity: 'none', score: null },
    latest_user_message: null,
  });
  await ledger.open(sampleOpened('exchange-recorded', { judge: null, client: `client ${HOSTILE}` }));
  await ledger.complete(
    sampleCompleted('exchange-recorded', { coverage: { level: 'none', reasons: ['no_judge'] } }),
    null,
    null,
  );
  await ledger.open(sampleOpened('exchange-open', { path: `/v1/${HOSTILE}` }));
  await ledger.connection(sampleConnection('connection-1', { host: 'tunnel.example' }));
  await ledger.connection(
    sampleConnection('connection-2', { host: 'no.example', action: 'deny', error_code: 'route_denied' }),
  );
});

afterAll(async () => {
  await ledger.close();
  rmSync(folder, { recursive: true });
});

async function judged(id: string, verdict: Partial<NewVerdict>): Promise<void> {
  const content = sampleContent(judgeInput());
  const completed: ExchangeCompleted = sampleCompleted(id, { content_sha256: content.sha256, streamed: true });
  await ledger.open(sampleOpened(id));
  await ledger.complete(completed, content, { exchange_id: id, judge: 'default' });
  const [job] = await ledger.takeJobs(1, 60_000);
  await ledger.finishJob(job?.job_id ?? 0, sampleVerdict(id, verdict));
}

function judgeInput(): JudgeInput {
  const usage = { tokens_in: 1, tokens_out: 2, tokens_cached: null };
  return {
    version: 1,
    rule_hits: [],
    coverage: { level: 'full', reasons: [] },
    transcript: {
      ...{
        api: 'openai.chat_completions',
        model_requested: 'm',
        model_returned: 'm',
        streamed: true,
        finish: ['stop'],
      },
      ...{ usage, error: null, unknown_items: 1 },
      parts: [
        {
          side: 'request',
          place: 'request.messages[0].content',
          role: 'user',
          kind: 'text',
          text: `Line one\nline two ${HOSTILE}`,
        },
        {
          side: 'response',
          place: 'response.tool[0]',
          role: 'assistant',
          kind: 'tool_call',
          name: `run${HOSTILE}`,
          text: '{}',
        },
      ],
    },
  };
}

class Terminal extends PassThrough {
  readonly isTTY: boolean;
  readonly columns = 140;
  #text = '';

  constructor(isTTY = false) {
    super();
    this.isTTY = isTTY;
    this.on('data', (chunk) => {
      this.#text += chunk;
    });
  }

  /** Everything that was written. */
  async text(): Promise<string> {
    this.end();
    if (!this.readableEnded) await once(this, 'end');
    return this.#text;
  }
}

async function run(args: readonly string[], options: { isTTY?: boolean; env?: Record<string, string> } = {}) {
  const stdout = new Terminal(options.isTTY);
  const stderr = new Terminal();
  const signal = new AbortController().signal;
  const code = await review(args, { stdout, stderr, env: options.env ?? {}, signal });
  return { code, stdout: await stdout.text(), stderr: await stderr.text() };
}

/** Rows of a table, each as one text. */
function rows(table: string): string[] {
  return table.split(/\n─+\n/);
}

describe('list', () => {
  it('shows every exchange, judged or not, with what is known', async () => {
    const { code, stdout } = await run(['list', '--ledger', url]);
    expect(code).toBe(0);
    const [head, open, recorded, unread, leak, clean, summary] = rows(stdout);
    expect(head).toMatch(/VERDICT +COVERAGE +ROUTE, HOST, MODEL/);
    expect(open).toMatch(/no verdict +NOT JUDGED[\s\S]*under way/);
    expect(recorded).toMatch(/no verdict +NOT JUDGED[\s\S]*no_judge/);
    expect(unread).toMatch(/undetermined +NOT JUDGED[\s\S]*unknown_api/);
    expect(leak).toMatch(
      /violation · critical +partial[\s\S]*would_block +model_not_configured[\s\S]*rule \/ rules_only/,
    );
    expect(clean).toMatch(/clean +full +openai +Name three uses/);
    for (const row of [open, recorded, unread]) expect(row).not.toMatch(/clean|full|pass/);
    expect(summary).toBe(
      '5 exchanges · 1 judged in full · 1 in part · 2 NOT JUDGED · 0 waiting · 1 under way\n' +
        '2 connections relayed unread or refused: list --connections\n',
    );
  });

  it('filters and pages', async () => {
    const violations = await run(['list', '--ledger', url, '--label', 'violation']);
    expect(rows(violations.stdout)).toHaveLength(3);
    const grave = await run(['list', '--ledger', url, '--severity', 'high', '--json']);
    expect((JSON.parse(grave.stdout) as { verdicts: unknown[] }).verdicts).toHaveLength(1);
    const nobody = await run(['list', '--ledger', url, '--client', "nobody' OR 1=1 --"]);
    expect(nobody.stdout).toMatch(/^No exchange fits\.\n/);
    const seen: string[] = [];
    let before: number | null = null;
    do {
      const page = await run([
        'list',
        '--ledger',
        url,
        '--json',
        '--limit',
        '2',
        ...(before === null ? [] : ['--before', String(before)]),
      ]);
      const json = JSON.parse(page.stdout) as Page;
      seen.push(
        ...json.verdicts.map(({ exchange_id }) => exchange_id),
        ...json.unjudged.map(({ opened }) => opened.exchange_id),
      );
      before = json.before;
    } while (before !== null && seen.length < 20);
    expect(seen.sort()).toEqual([
      'exchange-clean',
      'exchange-leak',
      'exchange-open',
      'exchange-recorded',
      'exchange-unread',
    ]);
  });

  it('as JSON gives the verdicts as they are in the ledger', async () => {
    const { stdout } = await run(['list', '--ledger', url, '--json']);
    expect((JSON.parse(stdout) as Page).verdicts).toEqual(await ledger.verdicts({ limit: 20 }));
  });

  it('shows connections: tunnels as not judged, refusals with their code', async () => {
    const { stdout } = await run(['list', '--ledger', url, '--connections']);
    const [, refused, tunnel] = rows(stdout);
    expect(refused).toMatch(/route_denied +no\.example:443/);
    expect(tunnel).toMatch(/NOT JUDGED: tunnel +tunnel\.example:443/);
    const { stdout: json } = await run(['list', '--ledger', url, '--connections', '--json']);
    expect((JSON.parse(json) as { connections: unknown[] }).connections).toEqual(
      await ledger.connections({ limit: 20 }),
    );
  });

  it('has colours on a terminal alone, and not with NO_COLOR', async () => {
    const colour = '\u001b[';
    expect((await run(['list', '--ledger', url], { isTTY: true })).stdout).toContain(colour);
    expect((await run(['list', '--ledger', url])).stdout).not.toContain(colour);
    expect((await run(['list', '--ledger', url], { isTTY: true, env: { NO_COLOR: '1' } })).stdout).not.toContain(
      colour,
    );
  });
});

describe('show', () => {
  it('tells one exchange from request to chain, with the evidence marked where it stands', async () => {
    const { code, stdout } = await run(['show', 'exchange-leak', '--ledger', url]);
    expect(code).toBe(0);
    const [verdict] = await ledger.verdicts({ limit: 1, label: 'violation' });
    for (const piece of [
      'target      POST api.openai.com:443/v1/chat/completions',
      'outcome     complete, status 200, streamed',
      'verdict     violation · critical, score 0.9',
      'coverage    partial: model_not_configured',
      'secrets_leaving  score 0.9 (threshold 0.5)  violation · high',
      'evidence  request.messages[0].content  “key ',
      'critical  secrets  request.messages[0].content  AWS key, 20',
      'request · user  request.messages[0].content  ◀ evidence\n    Line one\n    line two ',
      'response · assistant, tool call run',
      '1 items of unknown kind',
      `verdict    #${verdict?.seq}  hash ${verdict?.hash}`,
    ]) {
      expect(stdout).toContain(piece);
    }
    expect(stdout.match(/◀ evidence/g)).toHaveLength(1);
  });

  it('says why there is no verdict and no conversation', async () => {
    const { stdout } = await run(['show', 'request-exchange-recorded', '--ledger', url]);
    expect(stdout).toContain('NOT JUDGED: no_judge');
    expect(stdout).toContain('NOT JUDGED: no content is kept');
    expect((await run(['show', 'exchange-open', '--ledger', url])).stdout).toContain('NOT JUDGED: under way');
  });

  it('as JSON gives the whole view', async () => {
    const { stdout } = await run(['show', 'exchange-leak', '--ledger', url, '--json']);
    const view = await ledger.exchange('exchange-leak');
    expect(JSON.parse(stdout)).toEqual({ ...view, content: JSON.parse(view?.content ?? '') });
  });

  it('says what is wrong with an id', async () => {
    expect(await run(['show', 'abc', '--ledger', url])).toMatchObject({
      code: 1,
      stderr: 'Give at least 6 characters of the id.\n',
    });
    const unknown = await run(['show', `unknown${HOSTILE}`, '--ledger', url]);
    expect(unknown).toMatchObject({ code: 1, stdout: '' });
    expect(unknown.stderr).toMatch(/^The ledger has no exchange, verdict or request 'unknown␛/);
    expect((await run(['show', 'exchange-', '--ledger', url])).stderr).toContain('Several exchanges begin with that');
  });
});

describe('text from traffic', () => {
  it.each([
    ['list'],
    ['list', '--connections'],
    ['show', 'exchange-leak'],
    ['show', 'exchange-recorded'],
    ['show', 'exchange-open'],
  ])('reaches no terminal as a control: %s %s', async (...args) => {
    const { stdout } = await run([...args.filter((arg) => arg !== undefined), '--ledger', url]);
    expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    if (args.length < 2 || args[0] === 'show') expect(stdout).toContain('␛]0;pwned␇<U+202E>');
  });
});

describe('tail', () => {
  it.each([
    ['a line each', [], /exchange-line-\d +clean +allowed +full +model\/scored/],
    ['JSON lines', ['--json'], /^\{.*"exchange_id":"exchange-json-\d"/],
  ])('shows the last verdicts and then new ones, as %s, until the signal', async (_name, flags, fresh) => {
    const stdout = new Terminal();
    const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
    const controller = new AbortController();
    const io = { stdout, stderr: new Terminal(), env: {}, signal: controller.signal };
    const done = review(['tail', '--ledger', url, '--limit', '1', ...flags], io);
    const first = await lines.next();
    expect(first.value).not.toMatch(fresh);
    // Each once: the second one follows the first at once.
    for (const number of [1, 2]) {
      await judged(`exchange-${flags.length === 0 ? 'line' : 'json'}-${number}`, {});
      const { value } = await lines.next();
      expect(value).toMatch(fresh);
      expect(value).toContain(`-${number}`);
    }
    controller.abort('SIGINT');
    expect(await done).toBe(0);
  });

  it('follows a filter that nothing fits yet', async () => {
    const stdout = new Terminal();
    const controller = new AbortController();
    const io = { stdout, stderr: new Terminal(), env: {}, signal: controller.signal };
    const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
    const done = review(['tail', '--ledger', url, '--json', '--client', 'team-late'], io);
    await judged('exchange-other', {});
    await judged('exchange-late', { client: 'team-late' });
    expect(JSON.parse(String((await lines.next()).value))).toMatchObject({ exchange_id: 'exchange-late' });
    controller.abort();
    await done;
  });
});

describe('arguments', () => {
  it('--help is help', async () => {
    expect(await run(['--help'])).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^npm run review -- list/),
    });
    expect(await run(['tail', '--help', '--ledger', url])).toMatchObject({ code: 0 });
  });

  it.each([
    [[], 'Say what to do.'],
    [['lsit'], "There is no 'lsit'."],
    [['show'], 'show takes one ID.'],
    [['show', 'exchange-a', 'exchange-b'], 'show takes one ID.'],
    [['list', 'exchange-a'], 'list takes options only.'],
    [['list', '--labl', 'clean'], '--labl'],
    [['list', '--label', 'safe'], "--label takes one of clean, violation, undetermined, not 'safe'."],
    [['list', '--label', 'toString'], '--label takes one of'],
    [['list', '--severity', '3'], '--severity takes one of'],
    [['list', '--limit', '0'], '--limit takes a whole number above 0'],
    [['list', '--limit', '1e3'], '--limit takes a whole number above 0'],
    [['list', '--limit', '1001'], '--limit takes at most 1000'],
    [['list', '--before', 'x'], '--before takes a whole number above 0'],
    [['list', '--config', 'a', '--ledger', 'b'], 'Give --ledger or --config, not both.'],
  ])('%j is refused', async (args, complaint) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(complaint);
    expect(stderr).toContain('npm run review -- list');
  });

  it('a ledger that is not there is exit code 1', async () => {
    const { code, stderr } = await run(['list', '--ledger', `sqlite:${join(folder, 'none.db')}`]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^The ledger .*none\.db does not exist\. /);
  });

  it('--config names the ledger', async () => {
    const config = join(folder, 'config.yaml');
    writeFileSync(config, `ledger: { url: '${url}' }\nroutes: [{ name: rest, hosts: ['*'], action: tunnel }]\n`);
    expect(await run(['list', '--config', config])).toMatchObject({ code: 0, stderr: '' });
    expect(await run(['list', '--config', join(folder, 'none.yaml')])).toMatchObject({ code: 1 });
  });
});

interface Page {
  readonly verdicts: readonly { readonly exchange_id: string }[];
  readonly unjudged: readonly { readonly opened: { readonly exchange_id: string } }[];
  readonly before: number | null;
}
