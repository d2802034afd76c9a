/** P(Z ≥ z) of a standard normal, relative error below 1.2e-7. @see Press et al., Numerical Recipes, `erfcc` */
export function normalUpperTail(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + x / 2);
  const series = [
    1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
    0.17087277,
  ];
  const polynomial = series.reduceRight((sum, coefficient) => coefficient + t * sum, 0);
  const complement = t * Math.exp(-x * x - 1.26551223 + t * polynomial);
  return z >= 0 ? complement / 2 : 1 - complement / 2;
}

/** The z with P(Z ≥ z) = p, by bisection of `normalUpperTail`. */
export function normalQuantile(p: number): number {
  let low = -40;
  let high = 40;
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2;
    if (normalUpperTail(middle) > p) low = middle;
    else high = middle;
  }
  return low;
}
