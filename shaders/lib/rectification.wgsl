// RAdam's rectification of step t, with u = -ln beta2; 0 while the variance cannot be told (rho_t <= 5).
//
//   rho_inf = 2 / (1 - beta2) - 1;  rho_t = rho_inf - 2 t beta2^t / (1 - beta2^t)
//   sqrt((rho_t - 4) (rho_t - 2) rho_inf / ((rho_inf - 4) (rho_inf - 2) rho_t))
//
// As written, rho_t is a small difference of two large numbers: at beta2 = 0.999 and t = 6, f32 leaves four digits of it.
// With 2 / (1 - beta2) - 1 = coth(u / 2), 2 beta2^t / (1 - beta2^t) = coth(u t / 2) - 1 and L(x) = coth x - 1 / x:
//
//   rho_inf = 2 / u + L(u / 2);  rho_t = L(u / 2) + t (1 - L(u t / 2)), a sum of positive terms.

// 1 - L(x) for x > 0, L being the Langevin function: its series, or 1 / x - 2 / (e^2x - 1).
fn langevin_complement(x: f32) -> f32 {
  if (x >= 0.5) {
    return 1.0 / x - 2.0 / (exp(min(2.0 * x, 80.0)) - 1.0);
  }
  let s = x * x;
  return 1.0 - x * (1.0 / 3.0 - s * (1.0 / 45.0 - s * (2.0 / 945.0 - s * (1.0 / 4725.0 - s * (2.0 / 93555.0)))));
}

fn rectification(t: f32, u: f32) -> f32 {
  let langevin = 1.0 - langevin_complement(0.5 * u);
  let longest = 2.0 / u + langevin;
  let length = langevin + t * langevin_complement(0.5 * u * t);
  if (length <= 5.0) {
    return 0.0;
  }
  return sqrt((length - 4.0) / (longest - 4.0) * ((length - 2.0) / (longest - 2.0)) * (longest / length));
}
