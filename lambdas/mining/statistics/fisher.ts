/**
 * Fisher's exact test on a 2×2 table, one-sided. The first term of the tail comes from log-factorials, the others from
 * the ratio of neighbouring terms. So a test takes about as many steps as its tail has terms that matter.
 */

/** Grows as larger tables come. */
let logFactorials = new Float64Array([0, 0]);

/** ln(i!) for i ≤ max, summed with compensation. A plain sum would lose six digits at a million. */
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

/** A term below this share of the sum changes no digit that is shown. */
const NEGLIGIBLE = 1e-17;

/** Both tails of a table. They are written in place, because the miner makes millions of calls. */
export interface Tails {
  /** P(X ≥ a) */
  upper: number;
  /** P(X ≤ a) */
  lower: number;
}

/**
 * P(X ≥ a) and P(X ≤ a) for the table `[[a, b], [c, d]]` with all margins fixed, where X is hypergeometric. Only the
 * smaller tail is summed; the other is its complement. A table with an empty row or column has p = 1 on both sides.
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
  // a·total > row·column: the table lies above its expectation.
  const above = a * total > row * column;
  // One diagonal grows step by step, the other shrinks to nothing.
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
 * One-sided p-value of `[[a, b], [c, d]]`: the chance of `a` or more in the first row if rows and columns were
 * independent. R: `fisher.test(matrix, alternative = "greater")`.
 */
export function fisherOneSided(a: number, b: number, c: number, d: number): number {
  const tails = { upper: 1, lower: 1 };
  fisherTails(a, b, c, d, tails);
  return tails.upper;
}
