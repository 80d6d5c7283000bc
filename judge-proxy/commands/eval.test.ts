/**
 * Contract of `npm run eval`, shown on the real command line with a model endpoint beside it:
 * - pairs go the way of traffic: what reaches the model is redacted, behind a boundary, and its answer is checked;
 * - the card says for each criterion what was right and wrong, and what failed, by state;
 * - results are kept as they come; a run that goes on asks only what is missing.
 * The endpoint answers by fixed patterns: its figures here say nothing about any model.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { ROOT } from '../../test/support/chain.ts';
import { type Ran, run } from '../../test/support/clients.ts';
import { judgeModelHandler } from '../../test/support/judge-model.ts';
import { errorBody } from '../../test/support/openai-shapes.ts';
import { Origin, type OriginHandler } from '../../test/support/origin.ts';
import { LoggedProcess } from '../../test/support/process.ts';
import { INPUT } from '../judge/testing/judgements.ts';
import { type Card, cardSchema } from './eval/card-schema.ts';
import { expandText } from './eval/synthetic.ts';
import { evaluate as evaluateHere } from './eval.ts';

const CLI = join(ROOT, 'judge-proxy/cli.ts');
const PAIRS = join(ROOT, 'test/data/pairs.jsonl');

let folder: string;
let model: Origin;
let handler: OriginHandler;
let out = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'eval-'));
  model = await Origin.start({ handler: (seen, response, origin) => handler(seen, response, origin) });
  writeFileSync(join(folder, 'config.yaml'), stringify(configWith('test-key')));
  writeFileSync(join(folder, 'no-key.yaml'), stringify(configWith('')));
});
afterAll(async () => {
  await model.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  handler = judgeModelHandler();
  model.seen.length = 0;
});

function configWith(key: string): object {
  return {
    routes: [{ name: 'rest', hosts: ['*'], action: 'tunnel' }],
    judges: {
      default: {
        rubric: join(ROOT, 'config/rubrics/default.yaml'),
        model: {
          base_url: `http://127.0.0.1:${model.port}/v1`,
          api_key: key,
          name: 'pattern-judge',
          timeout: '60s',
          allow_addresses: ['127.0.0.0/8'],
        },
      },
    },
    prices: { 'pattern-judge': { input: 1, output: 2 } },
  };
}

const newOut = () => join(folder, `out-${++out}`);

function evaluate(...args: readonly string[]): Promise<Ran> {
  const config = args.includes('--config') ? [] : ['--config', join(folder, 'config.yaml')];
  return run(process.execPath, [CLI, 'eval', '--judge', 'default', ...config, ...args], {}, ROOT);
}

function lines(to: string): string[] {
  return readFileSync(join(to, 'results.jsonl'), 'utf8').trimEnd().split('\n');
}

/** The pairs whose ids begin so, in a file of their own. */
function some(...prefixes: readonly string[]): string {
  const file = join(folder, `${prefixes.join('-')}.jsonl`);
  const all = readFileSync(PAIRS, 'utf8').trimEnd().split('\n');
  const chosen = all.filter((line) =>
    prefixes.some((prefix) => (JSON.parse(line) as { id: string }).id.startsWith(prefix)),
  );
  writeFileSync(file, chosen.join('\n'));
  return file;
}

describe('the pairs that ship', () => {
  let ran: Ran;
  let card: Card;
  const to = () => join(folder, 'all');

  beforeAll(async () => {
    handler = judgeModelHandler();
    ran = await evaluate('--data', PAIRS, '--out', to(), '--json');
    card = cardSchema.parse(JSON.parse(ran.stdout));
  });

  it('are all judged, each scored and asked once', () => {
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
    expect(card.states).toEqual({ scored: 208 });
    expect(card.data).toMatchObject({ pairs: 208, labels_not_asked: 0 });
    expect(card.judge).toMatchObject({ model: 'pattern-judge', models_returned: ['pattern-judge'] });
    expect(lines(to())).toHaveLength(208);
    expect(ran.stderr).toMatch(/208 of 208 judged/);
  });

  it('give a matrix for each criterion of the rubric', () => {
    const total = (question: Card['overall']) => Object.values(question.confusion).reduce((sum, n) => sum + n, 0);
    expect(card.criteria.map(({ id }) => id)).toContain('judge_manipulation');
    expect(card.criteria).toHaveLength(8);
    expect(total(card.overall)).toBe(208);
    for (const question of card.criteria) {
      expect(question.confusion.tp + question.confusion.fn).toBe(13);
      expect(total(question)).toBeGreaterThan(150);
    }
  });

  it('leave a card in the folder, as JSON and as a page', () => {
    expect(JSON.parse(readFileSync(join(to(), 'card.json'), 'utf8'))).toEqual(card);
    expect(readFileSync(join(to(), 'card.html'), 'utf8')).toContain('<h1>Judge default</h1>');
  });

  it('count tokens, cost and time', () => {
    expect(card.tokens).toMatchObject({ count: 208, in: 208 * 42 });
    expect(card.cost_usd.priced).toBe(208);
    expect(card.latency_ms.count).toBe(208);
  });
});

it('what reaches the model is what traffic’s judge would see: redacted, bounded, with a nonce', async () => {
  await evaluate('--data', some('credentials-01'), '--out', newOut());
  expect(model.seen).toHaveLength(2);
  const bodies = model.seen.map(({ body }) => body.toString('utf8'));
  for (const body of bodies) {
    expect(body).toMatch(/BOUNDARY-[0-9a-f]{32}/);
    expect(body).toMatch(/The nonce of this question is [0-9a-f]{32}/);
  }
  expect(bodies.join()).toContain('[REDACTED:aws_access_key_id:');
  for (const name of ['aws_access_key_id', 'aws_secret_key']) {
    expect(bodies.join()).not.toContain(expandText(`{{synthetic:${name}}}`));
  }
});

it('every failure has its state, and none counts as an answer', async () => {
  let asked = 0;
  handler = (seen, response, origin) => {
    asked += 1;
    const tamper = (answer: Record<string, unknown>) => (asked === 1 ? { ...answer, nonce: 'another' } : answer);
    return judgeModelHandler({ tamper })(seen, response, origin);
  };
  const ran = await evaluate(
    '--data',
    some('harmful-code-or-tool-call-01'),
    '--out',
    newOut(),
    '--concurrency',
    '1',
    '--json',
  );
  const card = cardSchema.parse(JSON.parse(ran.stdout));
  expect(card.states).toEqual({ nonce_mismatch: 1, scored: 1 });
  const unanswered = card.criteria.map(
    ({ confusion }) => confusion.unanswered_violations + confusion.unanswered_passes,
  );
  expect(unanswered).toEqual(card.criteria.map(() => 1));
});

it('a call that fails for a moment is made again, as for traffic', async () => {
  const judge = judgeModelHandler();
  handler = (seen, response, origin) => {
    if (model.seen.length > 1) return judge(seen, response, origin);
    response.writeHead(503, { 'content-type': 'application/json' });
    response.end(JSON.stringify(errorBody('busy', 'server_error', null)));
  };
  const to = newOut();
  const ran = await evaluate('--data', some('credentials-01'), '--out', to, '--json');
  expect(cardSchema.parse(JSON.parse(ran.stdout)).states).toEqual({ scored: 2 });
  expect(model.seen).toHaveLength(3);
  expect(lines(to)).toHaveLength(2);
});

it('a document of the ledger is judged as it stands', async () => {
  const file = join(folder, 'ledger.jsonl');
  writeFileSync(file, JSON.stringify({ id: 'from-ledger', labels: { data_leakage: 'violation' }, input: INPUT }));
  const ran = await evaluate('--data', file, '--out', newOut(), '--json');
  expect(cardSchema.parse(JSON.parse(ran.stdout)).states).toEqual({ scored: 1 });
  const { messages } = JSON.parse(model.seen[0]?.body.toString('utf8') ?? '{}') as { messages: { content: string }[] };
  expect(JSON.parse(messages[1]?.content.split('\n')[1] ?? '')).toEqual(INPUT);
});

it('a model that answers nothing is a failure of the run, with a card that says so', async () => {
  handler = (_, response) => {
    response.writeHead(401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(errorBody('no such key', 'invalid_request_error', 'invalid_api_key')));
  };
  const to = newOut();
  const ran = await evaluate('--data', some('credentials-01'), '--out', to);
  expect(ran.code).toBe(1);
  expect(ran.stdout).toMatch(/states +provider_error 2/);
  expect(ran.stderr).toContain('The model gave no usable answer');

  handler = judgeModelHandler();
  const resumed = await evaluate('--data', some('credentials-01'), '--out', to, '--resume');
  expect(resumed.code, 'calls that failed are made again').toBe(0);
  expect(resumed.stdout).toMatch(/states +scored 2/);
});

it('without a key rules alone judge, and the card says so', async () => {
  const ran = await evaluate(
    '--config',
    join(folder, 'no-key.yaml'),
    '--data',
    some('credentials-01'),
    '--out',
    newOut(),
  );
  expect(ran).toMatchObject({ code: 0 });
  expect(ran.stdout).toContain('rules alone, no model was asked');
  expect(ran.stdout).toMatch(/overall +1 +0 +0 +1 +0/);
  expect(model.seen).toHaveLength(0);
});

it('a cascade is named with both models, and how often the larger one was asked', async () => {
  const config = configWith('test-key') as { judges: { default: { model: object; small_model?: object } } };
  config.judges.default.small_model = { ...config.judges.default.model, name: 'small-judge' };
  const file = join(folder, 'cascade.yaml');
  writeFileSync(file, stringify(config));
  const data = some('credentials-0');
  const to = newOut();
  const ran = await evaluate('--data', data, '--out', to, '--config', file, '--limit', '4');
  expect(ran).toMatchObject({ code: 0 });
  const asked = model.seen.map(({ body }) => (JSON.parse(String(body)) as { model: string }).model);
  const escalated = asked.filter((name) => name === 'pattern-judge').length;
  expect([escalated > 0, asked.length]).toEqual([true, 4 + escalated]);
  expect(ran.stdout).toMatch(/small-judge at http:\S+, then pattern-judge at http:/);
  expect(ran.stdout).toContain(`asked    json_schema 4, escalated ${escalated}`);
  expect(readFileSync(join(to, 'card.html'), 'utf8')).toContain(`json_schema 4, escalated ${escalated}`);
});

describe('going on', () => {
  it('asks only for pairs that have no result, and compares with the earlier card', async () => {
    const to = newOut();
    const data = some('credentials-0');
    const first = await evaluate('--data', data, '--out', to, '--limit', '4');
    expect(first.stdout).toContain('4 pairs of');
    expect(model.seen).toHaveLength(4);
    const earlier = join(folder, 'earlier.json');
    writeFileSync(earlier, readFileSync(join(to, 'card.json')));

    const refused = await evaluate('--data', data, '--out', to);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('has results already. Go on with them (--resume)');

    const second = await evaluate('--data', data, '--out', to, '--resume', '--against', earlier);
    expect(second).toMatchObject({ code: 0 });
    expect(model.seen).toHaveLength(18);
    expect(second.stdout).toContain('against the earlier card (the same judge)');
    expect(second.stdout).toContain('The data are not the same');

    const third = await evaluate('--data', data, '--out', to, '--resume', '--against', join(to, 'card.json'));
    expect(model.seen).toHaveLength(18);
    expect(third.stdout).not.toContain('The data are not the same');
    expect(third.stdout).not.toContain('newly wrong');
  });

  it('after an interruption, with what was judged before it', async () => {
    const to = newOut();
    const judge = judgeModelHandler();
    const held: (() => void)[] = [];
    handler = (seen, response, origin) => {
      if (model.seen.length <= 3) return judge(seen, response, origin);
      held.push(() => response.destroy());
    };
    const options = ['--judge', 'default', '--config', join(folder, 'config.yaml'), '--concurrency', '1'];
    const args = [CLI, 'eval', ...options, '--data', PAIRS, '--out', to];
    const child = new LoggedProcess(args, {}, ROOT);
    while (model.seen.length < 4) await model.next();
    child.kill('SIGINT');
    expect(await child.exited).toMatchObject({ code: 130 });
    for (const drop of held) drop();
    expect(child.tail()).toContain('--resume goes on with it');
    expect(lines(to)).toHaveLength(3);

    handler = judge;
    model.seen.length = 0;
    const ran = await evaluate('--data', PAIRS, '--out', to, '--resume', '--limit', '10');
    expect(ran).toMatchObject({ code: 0 });
    expect(model.seen).toHaveLength(7);
  });
});

describe('arguments', () => {
  it.each([
    [['--help'], 0, /^$/],
    [['--limit', '0'], 2, /--limit takes a whole number from 1/],
    [['--concurrency', 'x'], 2, /--concurrency takes a whole number from 1/],
    [['--dada', PAIRS], 2, /Unknown option '--dada'/],
    [['--judge', 'nobody'], 1, /has no judge 'nobody'; it has default/],
    [['--data', 'no/such.jsonl'], 1, /no\/such\.jsonl cannot be read \(ENOENT\)/],
    [['--config', 'no/such.yaml'], 1, /no\/such\.yaml:1:1: the config file cannot be read/],
    [['--out', 'package.json/x'], 1, /package\.json\/x cannot be written \(ENOTDIR\)/],
    [['--against', 'package.json'], 1, /package\.json is no card of this version/],
  ])('%j ends with %d', async (args, code, message) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const all = ['--judge', 'default', '--data', PAIRS, '--config', join(folder, 'config.yaml'), ...args];
    expect(await evaluateHere(all, { stdout, stderr, env: {}, signal: new AbortController().signal })).toBe(code);
    expect(String(stderr.read() ?? '')).toMatch(message);
    if (code === 0) expect(String(stdout.read())).toContain('npm run eval');
  });

  it.each([
    [['--data', PAIRS], /Say which judge: --judge NAME/],
    [['--judge', 'default'], /Say which pairs: --data FILE/],
  ])('%j is not enough', async (args, message) => {
    const ran = await run(process.execPath, [CLI, 'eval', ...args], {}, ROOT);
    expect(ran).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(message) });
  });
});
