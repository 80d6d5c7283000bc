/** A console world in which everything is in the control sample, with people of each role. */

import type { Role } from '../../judge-proxy/contract/roles.ts';
import type { LabelRow } from '../../judge-proxy/ledger/read-model/rows.ts';
import type { Verdict } from '../../judge-proxy/ledger/records.ts';
import type { PageOptions, WatchedPage } from './browser.ts';
import { headersOf, makePerson, type Person } from './console-people.ts';
import { ConsoleWorld, type WorldOptions } from './console-world.ts';

/** Makes the judge model of the tests find a violation. */
export const LEAK = 'STRICTLY CONFIDENTIAL: the merger of spring.';

export class ReviewWorld {
  readonly world: ConsoleWorld;
  readonly #people = new Map<string, Person>();
  #asked = 0;

  private constructor(world: ConsoleWorld) {
    this.world = world;
  }

  /** Items stay in their queues however many people labelled them, so that each test has all of them. */
  static async start(options: WorldOptions = {}): Promise<ReviewWorld> {
    const config = { review: { control_rate: 1, opinions: 9 }, ...options.config };
    return new ReviewWorld(await ConsoleWorld.start({ ...options, config }));
  }

  get admin(): Person {
    return this.world.admin;
  }

  /** Somebody with a role; made when first asked for. */
  async person(name: string, role: Role): Promise<Person> {
    const known = this.#people.get(name);
    if (known !== undefined) return known;
    const made = await makePerson(this.world.url, this.admin, name, role);
    this.#people.set(name, made);
    return made;
  }

  /** A page of the console on which somebody is signed in. */
  async open(person: Person, options: PageOptions = {}): Promise<WatchedPage> {
    return await this.world.open({ ...options, cookie: person.cookie });
  }

  /** One exchange that says this; resolves with its verdict. */
  async says(content: string): Promise<Verdict> {
    this.#asked += 1;
    return await this.world.judged({ model: `model-${this.#asked}`, messages: [{ role: 'user', content }] });
  }

  /** Asks the API as somebody. */
  async ask<T>(person: Person, method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.world.url}${path}`, {
      method,
      headers: headersOf(this.world.url, person),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (response.status === 204 ? null : await response.json()) as T;
  }

  /** Resolves when lists know all that the ledger has. */
  async readable(): Promise<void> {
    await this.world.readable();
  }

  /** Closes the pages of the test that has ended. */
  async closePages(): Promise<void> {
    await this.world.browser.closePages();
  }

  /** All labels of an exchange as the ledger has them, oldest first. */
  async labels(exchangeId: string): Promise<readonly LabelRow[]> {
    const path = `/api/exchanges/${exchangeId}`;
    return (await this.ask<{ labels: readonly LabelRow[] }>(this.admin, 'GET', path)).labels;
  }

  /** Those that stand, of one reviewer. */
  async standing(exchangeId: string, reviewer: string): Promise<readonly LabelRow[]> {
    const labels = await this.labels(exchangeId);
    return labels.filter((row) => row.reviewer === reviewer && row.stands && row.label !== null);
  }

  async stop(): Promise<void> {
    await this.world.close();
  }
}
