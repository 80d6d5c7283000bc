/** One way from the client to the origin. Peers are added by writing one more of these and listing it in run.ts. */

import type { TestCertificate } from '../test/support/certificates.ts';

export interface ArmSetup {
  readonly folder: string;
  /** Every arm reaches this host; the origin's certificate names it. */
  readonly host: string;
  readonly originPort: number;
  readonly originCa: TestCertificate;
}

export interface Arm {
  readonly name: string;
  /** null: directly. */
  readonly proxyUrl: string | null;
  /** CA that signs what the client sees. */
  readonly ca: string;
  /** host:port that the client asks for. */
  readonly target: { readonly host: string; readonly port: number };
  /** Processes whose CPU is the cost of this arm, by the name that the report shows. */
  readonly processes: Readonly<Record<string, number>>;
  /** Number of recorded exchanges so far, null where nothing records. Checked against the number sent. */
  recorded(): Promise<number | null>;
  /** Resolves when nothing is left to be done of what was sent: work that is put off belongs to its cause. */
  settled(): Promise<void>;
  close(): Promise<void>;
}
