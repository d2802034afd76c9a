/**
 * Fisher's exact test on a 2×2 table, one-sided. The tail is one term from log-factorials and the rest by the ratio
 * of neighbouring terms, so it costs about as many steps as the tail has terms that matter.
 */
let logFactorials = new Float64Array([0, 0]);

/** ln(i!) for i ≤ max, summed with compensation: the plain sum would lose six digits at a million. */
function logFactorialsTo(max: number): Float64Array {
  if (logFactorials.length > max) return logFactorials;
  const table = new Float64Array(Math.max(max + 1, logFactorials.length * 2, 1024));
  let sum = 0;
  let lost = 0;
  for (let i = 2; i < table.length; i++) {
    const term = Math.log(i) - lost;
    const next = sum + term;
    lost = next - sum - term;
    sum = next;
    table[i] = sum;
  }
  logFactorials = table;
  return table;
}

/** Terms below this share of the sum change no digit that is shown. */
const NEGLIGIBLE = 1e-17;

/** Both tails of a table; written in place, because the miner makes millions of calls. */
export interface Tails {
  /** P(X ≥ a) */
  upper: number;
  /** P(X ≤ a) */
  lower: number;
}

/**
 * P(X ≥ a) and P(X ≤ a) for the table `[[a, b], [c, d]]` with all margins fixed (X is hypergeometric). Only the
 * smaller tail is summed; the other is its complement. Tables with an empty row or column have p = 1 on both sides.
 */
export function fisherTails(a: number, b: number, c: number, d: number, out: Tails): void {
  const row = a + b;
  const column = a + c;
  const total = row + c + d;
  if (row === 0 || c + d === 0 || column === 0 || b + d === 0) {
    out.upper = 1;
    out.lower = 1;
    return;
  }
  const lf = logFactorialsTo(total);
  const here = Math.exp(
    lf[row]! + lf[c + d]! + lf[column]! + lf[b + d]! - lf[total]! - lf[a]! - lf[b]! - lf[c]! - lf[d]!,
  );
  // a·total against row·column: on which side of the expectation the table lies
  const above = a * total > row * column;
  // the diagonal that grows step by step, and the one that shrinks to nothing
  let grows = above ? a : b;
  let growsToo = above ? d : c;
  let shrinks = above ? b : a;
  let shrinksToo = above ? c : d;
  let term = 1;
  let sum = 1;
  while (shrinks > 0 && shrinksToo > 0) {
    grows++;
    growsToo++;
    term *= (shrinks * shrinksToo) / (grows * growsToo);
    shrinks--;
    shrinksToo--;
    sum += term;
    if (term < sum * NEGLIGIBLE) break;
  }
  const tail = Math.min(1, here * sum);
  const rest = Math.min(1, Math.max(0, 1 - tail + here));
  out.upper = above ? tail : rest;
  out.lower = above ? rest : tail;
}

/**
 * One-sided p-value of `[[a, b], [c, d]]`: how likely is `a` or more in the first row if rows and columns were
 * independent. R: `fisher.test(matrix, alternative = "greater")`.
 */
export function fisherOneSided(a: number, b: number, c: number, d: number): number {
  const tails = { upper: 1, lower: 1 };
  fisherTails(a, b, c, d, tails);
  return tails.upper;
}
