// Mean and sum of squared deviations of some elements, and of two such sets together. The mean is kept in two parts, so
// that x - mean - residual keeps its digits where x is far from 0.
// Source: Chan, Golub and LeVeque, "Algorithms for Computing the Sample Variance", 1983.

//#include "lib/across.wgsl"

struct Moments {
  count: f32,
  mean: Stat,
  // What rounding left off the mean, and how far it lies from that of other sets.
  residual: Stat,
  squares: Stat,
}

fn merged(a: Moments, b: Moments) -> Moments {
  let count = a.count + b.count;
  let share = b.count / count;
  let d = (b.mean - a.mean) + (b.residual - a.residual);
  return Moments(count, a.mean, a.residual + d * share, a.squares + b.squares + d * d * (a.count * share));
}
