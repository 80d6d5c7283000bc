/**
 * A console over traffic in which every field is hostile: six exchanges, a tunnel, a refusal, a judge, its shadow, a judge
 * that fails; a replay of all of it and what people do beside.
 */

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExchangeDetail, ReplayEstimate, ReplayJob } from '../../judge-proxy/contract/responses.ts';
import type { Page } from '../../judge-proxy/ledger/read-model/rows.ts';
import type { ConnectionRecord } from '../../judge-proxy/ledger/records.ts';
import { HOSTS } from './chain.ts';
import { connectThrough, curl } from './clients.ts';
import { failingJudge, hostileJudge, hostileOrigin, shadowSays } from './hostile-answers.ts';
import { sent } from './hostile-fields.ts';
import { CLAIMS, chatRequest, laneRequest, plainRequest, responsesRequest } from './hostile-requests.ts';
import { judgeModelHandler } from './judge-model.ts';
import { MILD } from './mild-rubric.ts';
import { Origin } from './origin.ts';
import { ReviewWorld } from './review-world.ts';
import { openWebSocket, serveWebSockets } from './websocket.ts';
import { laneEvents } from './websocket-responses.ts';

/** Hosts without anything hostile in their names. */
const [PLAIN, FAILING] = ['plain.test', 'failing.test'] as const;

export class HostileWorld {
  readonly review: ReviewWorld;
  readonly #origins: readonly Origin[];
  readonly #folder: string;
  /** Ids of exchanges, by what is hostile in them. */
  readonly ids: Record<'chat' | 'responses' | 'origin error' | 'judge error' | 'websocket' | 'unread', string> = {
    ...{ chat: '', responses: '', 'origin error': '', 'judge error': '', websocket: '', unread: '' },
  };
  replay = '';
  /** Statuses of what was to be refused. */
  readonly refused = { host: 0, method: 0 };

  private constructor(review: ReviewWorld, origins: readonly Origin[], folder: string) {
    this.review = review;
    this.#origins = origins;
    this.#folder = folder;
  }

  static async start(): Promise<HostileWorld> {
    const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
    const rubric = join(folder, 'mild.yaml');
    writeFileSync(rubric, MILD);
    const origin = await Origin.start({ handler: hostileOrigin });
    const shadow = await Origin.start({ handler: judgeModelHandler({ tamper: shadowSays }) });
    const failing = await Origin.start({ handler: failingJudge });
    const model = ({ port }: Origin) => ({
      ...{ base_url: `http://127.0.0.1:${port}/v1`, api_key: 'test-judge-key', name: 'other-judge' },
      allow_addresses: ['127.0.0.1/32'],
    });
    const route = { ports: [80, 443], action: 'terminate', judge: 'default' };
    const review = await ReviewWorld.start({
      terminatedHosts: [sent('host'), PLAIN, FAILING],
      config: {
        upstream: {
          connect_to: Object.fromEntries(
            [`${sent('host')}:80`, `${PLAIN}:80`, `${FAILING}:80`, `${sent('tunnel_host')}:443`].map((host) => [
              host,
              `127.0.0.1:${origin.port}`,
            ]),
          ),
        },
        routes: [
          { ...route, name: 'openai', hosts: [HOSTS.openai, sent('host'), PLAIN] },
          { ...route, name: 'failing', hosts: [FAILING], judge: 'failing' },
          { name: 'denied', hosts: [sent('denied_host')], ports: [443], action: 'deny' },
          { name: 'rest', hosts: ['*'], ports: [443], action: 'tunnel' },
        ],
        judges: {
          default: { shadow: { judge: 'second' } },
          second: { rubric, model: model(shadow) },
          failing: { rubric, model: model(failing) },
        },
      },
    });
    const world = new HostileWorld(review, [origin, shadow, failing], folder);
    review.world.judge.script = hostileJudge;
    try {
      await world.#exchanges();
      await world.#connections();
      await world.#work();
      await world.#settled();
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  async #exchanges(): Promise<void> {
    const chat = '/v1/chat/completions';
    const json = ['content-type: application/json'];
    const { ids } = this;
    ids.chat = await this.#exchange(`${sent('host')}${chat}`, chatRequest(), [
      ...[...json, ...CLAIMS, `x-client-request-id: ${sent('client_request_id')}`],
      ...[`user-agent: ${sent('user_agent')}`, `referer: ${sent('referer')}`],
    ]);
    ids.responses = await this.#exchange(`${PLAIN}/v1/responses`, responsesRequest(), json);
    ids['origin error'] = await this.#exchange(PLAIN + chat, plainRequest('hostile-error'), json);
    ids['judge error'] = await this.#exchange(FAILING + chat, plainRequest('hostile-judge'), json);
    ids.unread = await this.#exchange(`${PLAIN}/<svg/${sent('path')}?${sent('query')}`, sent('unread_body'), [
      `content-type: ${sent('content_type')}`,
    ]);
    ids.websocket = await this.#lane();
  }

  /** Sends one over plain HTTP; resolves with its id as soon as it has its verdict. */
  async #exchange(target: string, body: object | string, headers: readonly string[]): Promise<string> {
    const verdict = this.#nextVerdict();
    await curl([
      ...['--proxy', this.review.world.chain.proxyUrl, ...headers.flatMap((line) => ['-H', line])],
      ...['--path-as-is', '--globoff', '--data-binary', typeof body === 'string' ? body : JSON.stringify(body)],
      `http://${target}`,
    ]);
    return await verdict;
  }

  async #nextVerdict(): Promise<string> {
    const known = new Set(Object.values(this.ids));
    return (await this.review.world.chain.verdict(({ exchange_id: id }) => !known.has(id))).exchange_id;
  }

  async #lane(): Promise<string> {
    const { chain } = this.review.world;
    const reply = { model: 'hostile-lane', text: sent('lane_answer') };
    serveWebSockets(chain.origin, (socket) => {
      socket.on('message', () => {
        for (const event of laneEvents(reply, sent('lane'), sent('lane_response_id'))) socket.send(event);
      });
    });
    const socket = await openWebSocket(chain, `wss://${HOSTS.openai}/v1/responses`);
    const verdict = this.#nextVerdict();
    socket.send(JSON.stringify(laneRequest()));
    const exchange = await verdict;
    socket.close(1000, sent('close_reason'));
    await once(socket, 'close');
    return exchange;
  }

  async #connections(): Promise<void> {
    const { chain } = this.review.world;
    for (const name of ['tunnel_host', 'denied_host'] as const) {
      const { socket } = await connectThrough(chain.proxyPort, `${sent(name)}:443`, CLAIMS);
      socket.destroy();
    }
    const host = await connectThrough(chain.proxyPort, `${sent('no_host')}:443`);
    host.socket.destroy();
    this.refused.host = host.status;
    const { stdout } = await curl([
      ...['--proxy', chain.proxyUrl, '-X', sent('method'), '-o', '/dev/null', '-w', '%{http_code}'],
      `http://${sent('host')}/`,
    ]);
    this.refused.method = Number(stdout);
  }

  async #work(): Promise<void> {
    const { review } = this;
    const spec = { judge: 'default', policy: { yaml: MILD }, filter: {}, most: 100 };
    const { selection_hash } = await review.ask<ReplayEstimate>(review.admin, 'POST', '/api/replays/estimate', spec);
    const job = await review.ask<ReplayJob>(review.admin, 'POST', '/api/replays', { ...spec, selection_hash });
    this.replay = job.job_id;
  }

  /** Resolves when lists know of all of it: connections and shadows are written by nobody who waits for it. */
  async #settled(): Promise<void> {
    for (;;) {
      const [connections, { shadows }] = [await this.connections(), await this.detail('chat')];
      if (connections.length >= 2 && shadows.length > 0) break;
    }
    await this.review.readable();
  }

  /** What reached the origin, as one text: heads and bodies. */
  get reached(): string {
    const seen = this.#origins[0]?.seen ?? [];
    return seen.map(({ url, rawHeaders, body }) => [url, ...rawHeaders, body.toString('utf8')].join('\n')).join('\n');
  }

  /** All that the console knows of an exchange. */
  async detail(of: keyof HostileWorld['ids']): Promise<ExchangeDetail> {
    const { review } = this;
    return await review.ask<ExchangeDetail>(review.admin, 'GET', `/api/exchanges/${this.ids[of]}`);
  }

  /** Tunnels and refusals, as the console knows them. */
  async connections(): Promise<readonly ConnectionRecord[]> {
    const { review } = this;
    return (await review.ask<Page<ConnectionRecord>>(review.admin, 'GET', '/api/connections?limit=10')).items;
  }

  async stop(): Promise<void> {
    await this.review.stop();
    for (const origin of this.#origins) await origin.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
