/** How far two raters say the same of the same things, beyond what chance would give them: of judges and of people. */

/** Share of pairs that agree, and two figures without what chance explains; null where they are not defined. */
export interface AgreementFigures {
  readonly kappa: number | null;
  readonly pabak: number | null;
  readonly agreement: number | null;
  readonly pairs: number;
}

/**
 * κ = (pₒ − pₑ) / (1 − pₑ), Cohen (Educational and Psychological Measurement 20:37, 1960): pₒ is the share of pairs that
 * agree, pₑ what raters with these rates of each answer would reach by chance, Σ pᵢ·p·ᵢ. Null without pairs, and when
 * both always gave one and the same answer, so that chance alone explains everything.
 *
 * PABAK = 2·pₒ − 1 (Byrt, Bishop, Carlin, Journal of Clinical Epidemiology 46:423, 1993), for two answers: κ falls when
 * one answer is rare although the raters agree as often (Feinstein, Cicchetti, the same journal 43:543, 1990).
 *
 * @param table square; how many things the first rater (row) and the second (column) gave these answers
 */
export function agreementOfTable(table: readonly (readonly number[])[]): AgreementFigures {
  const columns = table.map((_, column) => sum(table.map((row) => row[column] ?? 0)));
  const pairs = sum(columns);
  if (pairs === 0) return { kappa: null, pabak: null, agreement: null, pairs };
  const agreed = sum(table.map((row, answer) => row[answer] ?? 0));
  // Both times n²: whole numbers, so that "chance alone" is seen exactly.
  const byChance = sum(table.map((row, answer) => sum(row) * (columns[answer] ?? 0)));
  const kappa = byChance === pairs ** 2 ? null : (agreed * pairs - byChance) / (pairs ** 2 - byChance);
  return { kappa, pabak: (2 * agreed) / pairs - 1, agreement: agreed / pairs, pairs };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
