/**
 * The hosts file. Names of it win over DNS, as everywhere on the machine: compose networks, tests and operators rely on
 * it, and the DNS client of resolve.ts does not read it.
 */

import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';

export type HostsTable = ReadonlyMap<string, readonly string[]>;

/**
 * Reads hosts(5): `address name [alias …]`, `#` starts a comment. Lines that are not that are skipped, as libc does.
 * @param text content of the file
 * @returns lower-case name → its addresses in file order, without repeats
 */
export function parseHosts(text: string): HostsTable {
  const table = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address, ...names] = (line.split('#', 1)[0] ?? '').trim().split(/\s+/);
    if (address === undefined || isIP(address) === 0) continue;
    for (const name of names) {
      const key = name.toLowerCase();
      const addresses = table.get(key) ?? [];
      if (!addresses.includes(address)) addresses.push(address);
      table.set(key, addresses);
    }
  }
  return table;
}

/** The hosts file of the machine, reread when it changed. A file that cannot be read is an empty one. */
export class HostsFile {
  readonly #path: string;
  #stamp = '';
  #table: HostsTable = new Map();

  constructor(path: string = systemHostsPath()) {
    this.#path = path;
  }

  /** @returns addresses of the name, empty when the file does not know it */
  async lookup(name: string): Promise<readonly string[]> {
    await this.#refresh();
    return this.#table.get(name) ?? [];
  }

  async #refresh(): Promise<void> {
    try {
      const { mtimeMs, size, ino } = await stat(this.#path);
      const stamp = `${mtimeMs} ${size} ${ino}`;
      if (stamp === this.#stamp) return;
      this.#table = parseHosts(await readFile(this.#path, 'utf8'));
      this.#stamp = stamp;
    } catch {
      this.#table = new Map();
      this.#stamp = '';
    }
  }
}

function systemHostsPath(): string {
  return process.platform === 'win32'
    ? `${process.env.SystemRoot ?? 'C:\\Windows'}\\System32\\drivers\\etc\\hosts`
    : '/etc/hosts';
}
