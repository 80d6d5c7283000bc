/** What every file of door tests sets up: certificates and an echo for all its tests, and a door for each. */

import type { Server, Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { ChainCertificates } from './chain-certificates.fixture.ts';
import { type DoorOverrides, startDoor, startEcho, stopDoor, type TestDoor, withCertificates } from './door.fixture.ts';

export interface Echo {
  readonly server: Server;
  readonly port: number;
  readonly sockets: Set<Socket>;
}

export class DoorSuite {
  #certificates: { readonly certificates: ChainCertificates; readonly remove: () => Promise<void> } | null = null;
  #echo: Echo | null = null;
  #door: TestDoor | null = null;

  get certificates(): ChainCertificates {
    return there(this.#certificates).certificates;
  }

  get echo(): Echo {
    return there(this.#echo);
  }

  /** The door of the test that runs. */
  get door(): TestDoor {
    return there(this.#door);
  }

  /** Starts the door of this test; tunnels may lead to the echo. */
  async start(overrides: Partial<DoorOverrides> = {}): Promise<void> {
    this.#door = await startDoor(this.certificates, { ports: [this.echo.port], ...overrides });
  }

  /** Ends the door; no tunnel is left. */
  async stop(): Promise<void> {
    await stopDoor(this.door);
    expect(this.door.door.tunnels).toBe(0);
  }

  async open(): Promise<void> {
    this.#certificates = await withCertificates();
    this.#echo = await startEcho();
  }

  async close(): Promise<void> {
    this.echo.server.close();
    await there(this.#certificates).remove();
  }
}

/**
 * Call once, at the top of a file.
 * @param start `each`: every test has a door with the usual settings. `itself`: a test starts the one that it needs.
 */
export function doorSuite(start: 'each' | 'itself' = 'each'): DoorSuite {
  const suite = new DoorSuite();
  beforeAll(() => suite.open());
  afterAll(() => suite.close());
  if (start === 'each') beforeEach(() => suite.start());
  afterEach(() => suite.stop());
  return suite;
}

function there<T>(value: T | null): T {
  if (value === null) throw new Error('asked for outside of a test');
  return value;
}
