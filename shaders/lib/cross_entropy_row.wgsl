// How the forward kernels of cross-entropy end a row.

//#include "lib/cross_entropy.wgsl"
//#include "lib/index_check.wgsl"

// Sums over one row.
struct RowSums {
  highest: f32,
  // of exp(x - highest)
  exponentials: f32,
  // With SMOOTH, of W * (highest - x) and of W.
  spread: f32,
  mass: f32,
}

// Writes what backward needs, and returns the loss and the weight of its row in a mean. Differences from the maximum
// keep their digits where logits are large: no log-sum-exp is formed.
fn finish_row(row: u32, label: u32, x_label: f32, sums: RowSums) -> vec2f {
  let total = nan_unless_finite(sums.exponentials);
  let log_total = natural_log(total);
  let w = weight_of(label);
  var loss = w * (1.0 - params.smoothing) * (sums.highest - x_label + log_total);
  var share_of_p = w * (1.0 - params.smoothing);
  if (SMOOTH) {
    let share = params.smoothing / f32(params.classes);
    loss += share * (sums.spread + sums.mass * log_total);
    share_of_p += share * sums.mass;
  }
  stats[row] = vec2f(sums.highest, share_of_p / total);
  return vec2f(loss, w);
}
