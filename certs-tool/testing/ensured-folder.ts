/** A directory on which `ensureCertificates` is run, at a fake time, for one terminated host. */

import { X509Certificate } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { type EnsureOptions, type EnsureReport, ensureCertificates } from '../ensure.ts';
import type { CertificateErrorCode } from '../errors.ts';
import { type CertificatePaths, pathsIn } from '../paths.ts';
import { Folder, NOW } from './tools.ts';

export const ALL_KEPT = {
  'chain CA': 'kept',
  server: 'kept',
  client: 'kept',
  'interception CA': 'kept',
  'trust bundle': 'kept',
} as const;

export async function certIn(file: string): Promise<X509Certificate> {
  return new X509Certificate(await readFile(file));
}

export class EnsuredFolder implements AsyncDisposable {
  readonly folder: Folder;
  readonly paths: CertificatePaths;

  private constructor(folder: Folder) {
    this.folder = folder;
    this.paths = pathsIn(folder.path);
  }

  static async make(): Promise<EnsuredFolder> {
    return new EnsuredFolder(await Folder.make());
  }

  ensure(options: Partial<EnsureOptions> = {}): Promise<EnsureReport> {
    return ensureCertificates({ certDir: this.folder.path, terminatedHosts: ['api.a.test'], now: NOW, ...options });
  }

  /** What was done with each certificate. */
  async actions(options: Partial<EnsureOptions> = {}): Promise<Record<string, string>> {
    return Object.fromEntries((await this.ensure(options)).items.map(({ name, action }) => [name, action]));
  }

  /** All files with their content. */
  async snapshot(): Promise<Record<string, string>> {
    const names = await readdir(this.folder.path);
    const texts = await Promise.all(names.map((name) => readFile(this.folder.file(name), 'utf8')));
    return Object.fromEntries(names.map((name, i) => [name, texts[i] ?? '']));
  }

  /** Rejects with the code, a text that names the file, and the command; and has changed nothing. */
  async expectStop(
    code: CertificateErrorCode,
    file: string,
    command: string,
    options: Partial<EnsureOptions> = {},
  ): Promise<void> {
    const before = await this.snapshot();
    const error: unknown = await this.ensure(options).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ name: 'CertificateError', code, problem: expect.stringContaining(file) });
    expect(error).toHaveProperty('message', expect.stringContaining(`npm run certs -- ${command}`));
    expect(await this.snapshot()).toEqual(before);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.folder[Symbol.asyncDispose]();
  }
}
