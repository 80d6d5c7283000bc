/** What readiness is made of. */

/** One part that has to work before traffic may come, unless it is optional. */
export interface HealthPart {
  /** `ledger`, `listener.proxy` … */
  readonly name: string;
  readonly ok: boolean;
  /** A short word when it is not: `disk_full`, `not_listening`. Never text from elsewhere. */
  readonly reason?: string;
  /** A failure is shown, and traffic goes on without it. */
  readonly optional?: true;
}

export interface HealthReport {
  readonly parts: readonly HealthPart[];
}

/** Ready when there is something to be ready and all of it is: an empty report is a wiring mistake, not health. */
export function isReady(report: HealthReport): boolean {
  return report.parts.length > 0 && report.parts.every((part) => part.ok || part.optional === true);
}
