/** What a test of the console needs: the real judge proxy with origin and judge model, an administrator, a browser. */

import type { Verdict } from '../../judge-proxy/ledger/records.ts';
import { builtConsole, ConsoleBrowser, type PageOptions, type WatchedPage } from './browser.ts';
import { Chain, HOSTS } from './chain.ts';
import { curl } from './clients.ts';
import { consoleUrl, firstPassword, type Person, signInByApi } from './console-people.ts';
import { openAiHandler, type Script } from './openai-origin.ts';
import { ScriptedJudge } from './scripted-judge.ts';

export interface Message {
  readonly role: string;
  readonly content?: string | null;
  readonly [key: string]: unknown;
}

export interface Sending {
  readonly messages: readonly Message[];
  /** Its own for each exchange: a test finds its exchange by it. */
  readonly model: string;
  readonly host?: string;
  readonly path?: string;
  readonly stream?: boolean;
  /** Last octet of the loopback address that it comes from: each is a client of its own. */
  readonly from?: number;
  readonly headers?: readonly string[];
  /** Further fields of the body. */
  readonly more?: Readonly<Record<string, unknown>>;
}

export interface WorldOptions {
  readonly script?: Script;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly terminatedHosts?: readonly string[];
}

export class ConsoleWorld {
  readonly chain: Chain;
  readonly browser: ConsoleBrowser;
  readonly admin: Person;
  readonly judge: ScriptedJudge;

  private constructor(chain: Chain, browser: ConsoleBrowser, admin: Person, judge: ScriptedJudge) {
    this.chain = chain;
    this.browser = browser;
    this.admin = admin;
    this.judge = judge;
  }

  static async start({ script, config = {}, terminatedHosts = [] }: WorldOptions = {}): Promise<ConsoleWorld> {
    await builtConsole();
    const judge = new ScriptedJudge();
    const [chain, browser] = await Promise.all([
      Chain.start({
        hop: 'plain',
        handler: openAiHandler(script === undefined ? {} : { script }),
        judgeHandler: judge.handler,
        terminatedHosts,
        config,
      }),
      ConsoleBrowser.start(),
    ]);
    const admin = await signInByApi(consoleUrl(chain), 'admin', await firstPassword(chain), 'a sentence of the admin');
    return new ConsoleWorld(chain, browser, admin, judge);
  }

  get url(): string {
    return consoleUrl(this.chain);
  }

  /** A page of somebody who is signed in; of the administrator unless told otherwise. */
  async open(options: PageOptions = {}): Promise<WatchedPage> {
    return await this.browser.open(this.url, { cookie: this.admin.cookie, ...options });
  }

  /** Makes an exchange through the real proxy, as a program would. */
  async send(sending: Sending): Promise<void> {
    const { messages, model, host = HOSTS.openai, path = '/v1/chat/completions', from = 1, more = {} } = sending;
    const body = { model, messages, ...(sending.stream === true && { stream: true }), ...more };
    await curl([
      ...['--proxy', this.chain.proxyUrl, '--cacert', this.chain.caFile, '--interface', `127.0.0.${from}`],
      ...['-H', 'content-type: application/json', ...(sending.headers ?? []).flatMap((line) => ['-H', line])],
      ...['--path-as-is', '-d', JSON.stringify(body), `https://${host}${path}`],
    ]);
  }

  /** The verdict on the exchange that asked for this model, as soon as there is one. */
  async verdictOn(model: string): Promise<Verdict> {
    return await this.chain.verdict((verdict) => verdict.model_requested === model);
  }

  /** Makes an exchange and waits for its verdict, until lists have it as well. */
  async judged(sending: Sending): Promise<Verdict> {
    await this.send(sending);
    const verdict = await this.verdictOn(sending.model);
    await this.readable();
    return verdict;
  }

  /** Resolves when lists know all that the ledger has: they are behind it for a moment, and a page asks for them once. */
  async readable(): Promise<void> {
    for (;;) {
      const response = await fetch(`${this.url}/api/health`, { headers: { cookie: this.admin.cookie } });
      const { ledger } = (await response.json()) as { ledger: { head_seq: number; readable_seq: number } };
      if (ledger.readable_seq >= ledger.head_seq) return;
    }
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.chain.stop();
  }
}

/** Text that people would rather not have interpreted: markup, links, terminal codes, bidirectional marks. */
export const HOSTILE = [
  '<script>alert(1)</script>',
  '<img src=x onerror="alert(2)">',
  '<svg onload=alert(3)><a xlink:href="javascript:alert(4)">x</a></svg>',
  '<iframe src="https://evil.test/frame"></iframe>',
  '[click me](javascript:alert(5)) ![pixel](https://evil.test/pixel.png)',
  'https://evil.test/link',
  '\u001b[31mred\u001b[0m \u001b]0;title\u0007',
  'abc\u202etxt.exe\u202c \u200bzero\u2066isolate\u2069',
].join(' ');

export { HOSTS };
